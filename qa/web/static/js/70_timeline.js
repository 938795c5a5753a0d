// A stretch of the timeline is chosen by drawing over its bars; a click chooses one of them.

let firstBar = null;

const barAt = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest(".timeline button");
const barsBetween = (one, other) => {
  const bars = [...one.closest(".timeline").querySelectorAll("button")];
  const [start, end] = [bars.indexOf(one), bars.indexOf(other)].sort((a, b) => a - b);
  return bars.slice(start, end + 1);
};

document.addEventListener("pointerdown", (event) => {
  firstBar = event.button ? null : event.target.closest(".timeline button");
  // A finger would have its events go to the bar that it touched first.
  if (firstBar?.hasPointerCapture?.(event.pointerId)) firstBar.releasePointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  const bar = firstBar && barAt(event);
  if (!bar) return;
  for (const each of bar.closest(".timeline").querySelectorAll("button")) each.classList.toggle("brushed", barsBetween(firstBar, bar).includes(each));
});

document.addEventListener("pointerup", (event) => {
  const bar = firstBar && barAt(event);
  const bars = bar && bar !== firstBar ? barsBetween(firstBar, bar) : [];
  firstBar = null;
  main.querySelectorAll(".brushed").forEach((each) => each.classList.remove("brushed"));
  if (!bars.length) return;
  const [first, last] = [bars[0], bars.at(-1)].map((each) => new URLSearchParams(each.value));
  send(bar.form, bar, `from=${first.get("from")}&to=${last.get("to")}`);
});
