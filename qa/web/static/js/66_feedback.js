// A judgement is sent without leaving the answer.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".feedback")) return;
  event.preventDefault();
  const body = new URLSearchParams([...new FormData(form, event.submitter)]);
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  let words = "Thank you. It is stored for the operator.";
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(response.status);
    form.replaceChildren(element("p", "muted", words));
  } catch {
    words = "That could not be stored. Try again later.";
    buttons.forEach((button) => (button.disabled = false));
    form.querySelector(".failed")?.remove();
    form.append(element("p", "failed", words));
  }
  say(words);
});
