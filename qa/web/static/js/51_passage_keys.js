// Keys for a passage: the one that has the focus, or else the first of the last answer.

const activePassage = () => document.activeElement?.closest("[data-rank]") ?? main.querySelector(".turn:last-of-type [data-rank]") ?? main;

function pressIn(selector) {
  const link = activePassage().querySelector(selector) ?? main.querySelector(selector);
  if (link) link.click();
  else say("There is no passage to do that with");
}

Object.assign(KEYS, {
  o: () => pressIn("[data-open]"),
  c: () => pressIn("[data-copy]"),
});
