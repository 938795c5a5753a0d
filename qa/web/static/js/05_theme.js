// The theme and the text size that this browser was given; before anything is drawn, where it can be.

const PREFERENCES = ["theme", "text-size"];

function applyPreference(name, value) {
  if (value) document.documentElement.dataset[name === "theme" ? "theme" : "textSize"] = value;
  else delete document.documentElement.dataset[name === "theme" ? "theme" : "textSize"];
}

function readPreference(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

PREFERENCES.forEach((name) => applyPreference(name, readPreference(name)));
