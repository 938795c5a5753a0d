// A question that is on its way, and one that could not be sent: neither is ever lost.

const WAITS = [1, 2, 4, 8, 15, 30];
let failures = 0;
let held = null;

// The question at once, where its answer will be.
function showPending(question) {
  const heading = element("h2", "", question);
  heading.dir = "auto";
  const turn = element("div", "turn pending", heading, ...[1, 2, 3].map(() => element("span", "line")));
  main.querySelector(".keep, .composer").before(turn);
  main.classList.add("asking");
  const field = box();
  if (field.value.trim() === question) setText(field, "");
  turn.scrollIntoView({ block: "nearest" });
}

// Keep the page as it is, say what happened beside the box, and try again.
function hold(step, response) {
  stopWaiting();
  const field = box();
  if (step.question && !field.value.trim()) setText(field, step.question);
  const status = response?.status ?? 0;
  const isTemporary = !status || status === 429 || status === 502 || status === 503 || status === 504;
  const seconds = isTemporary ? waitFor(response?.headers.get("Retry-After")) : Infinity;
  const text = element("span", "", reasonOf(status));
  const count = element("span", "muted");
  const button = element("button", "quiet", "Try again now");
  button.type = "button";
  button.addEventListener("click", () => retry(step));
  const notice = element("div", "held", element("p", "", text, " ", count), button);
  field.closest(".box").before(notice);
  held = { step, notice, timer: null };
  countDown(count, Date.now() + seconds * 1000);
  say(text.textContent);
}

function reasonOf(status) {
  if (!status) return navigator.onLine ? "The service cannot be reached." : "You are offline.";
  if (status === 429) return "That was a lot of questions in a short time.";
  if (status === 414) return "The question is too long to be sent. Shorten it.";
  if (status >= 502) return "The service is busy.";
  return "Something went wrong. Your question is still here.";
}

// Seconds to wait: as the service says, or a little longer each time.
function waitFor(header) {
  failures = header ? 0 : failures + 1;
  const seconds = header && (Number.isNaN(Number(header)) ? (new Date(header) - Date.now()) / 1000 : Number(header));
  const usual = WAITS[Math.max(1, Math.min(failures, WAITS.length)) - 1];
  return Math.max(0.2, Math.min(seconds || (header === "0" ? 0 : usual), 3600));
}

function countDown(count, end) {
  const left = Math.ceil((end - Date.now()) / 1000);
  if (left === Infinity) return;
  if (left <= 0) return retry(held.step);
  count.textContent = `Trying again in ${left} s.`;
  held.timer = setTimeout(() => countDown(count, end), Math.min(1000, end - Date.now()));
}

function retry(step) {
  const field = box();
  if (step.question && field.value.trim() === step.question) setText(field, "");
  go(step);
}

// Whoever changes the question asks it again by hand.
function release() {
  if (!held) return;
  clearTimeout(held.timer);
  held.notice.remove();
  held = null;
}

function pauseRetry() {
  if (!held?.step.question || held.timer === null) return;
  clearTimeout(held.timer);
  held.timer = null;
  held.notice.querySelector(".muted").textContent = "";
}

addEventListener("online", () => held && retry(held.step));
