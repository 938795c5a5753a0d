// The box grows with what is typed and tells when it is nearly full.

function fit(field) {
  if (!field) return;
  const left = field.maxLength < 0 ? Infinity : field.maxLength - field.value.length;
  if (left < NEAR_LIMIT) field.parentElement.dataset.left = `${left} left`;
  else delete field.parentElement.dataset.left;
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

main.addEventListener("input", (event) => event.target === box() && fit(event.target));
fit(box());
