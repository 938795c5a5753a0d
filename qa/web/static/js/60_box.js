// The box grows with what is typed, tells when it is nearly full, and keeps what is not sent yet.

const NEAR_LIMIT = 200;
let recalled = null;

function fit(field) {
  if (!field) return;
  const left = field.maxLength < 0 ? Infinity : field.maxLength - field.value.length;
  if (left < NEAR_LIMIT) field.parentElement.dataset.left = `${left} left`;
  else delete field.parentElement.dataset.left;
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

function setText(field, text) {
  field.value = text;
  fit(field);
}

// What was typed since the page came; what the page itself put there is none.
const draftOf = (field) => (field && field.value !== field.defaultValue ? field.value : "");

function putDraft(draft) {
  const field = box();
  recalled = null;
  if (field && draft) field.value = draft;
  fit(field);
  saveDraft();
}

function saveDraft() {
  const draft = draftOf(box());
  remember("sessionStorage", "draft", draft ? JSON.stringify([shown, draft]) : null);
}

function recall(event, field) {
  const asked = Array.from(field.form.querySelectorAll("[type=hidden][name=q]"), (input) => input.value);
  const before = field.value ? asked.lastIndexOf(recalled) : asked.length;
  if (before < 1) return;
  event.preventDefault();
  recalled = asked[before - 1];
  setText(field, recalled);
}

main.addEventListener("input", (event) => {
  if (event.target !== box()) return;
  fit(event.target);
  saveDraft();
  pauseRetry();
});

const [draftPage, savedDraft] = JSON.parse(remember("sessionStorage", "draft") ?? "[]");
putDraft(draftPage === shown ? savedDraft : "");
