// The dialogs of the header: how pages look in this browser, and what it asked.

const preferencesDialog = document.getElementById("preferences-dialog");

document.querySelector(".tools").addEventListener("click", (event) => {
  const button = event.target.closest("[data-dialog]");
  if (button?.dataset.dialog === "history") showHistory();
  if (button) document.getElementById(`${button.dataset.dialog}-dialog`).showModal();
});

for (const name of PREFERENCES) {
  const current = readPreference(name) ?? "";
  for (const radio of preferencesDialog.querySelectorAll(`[name=${name}]`)) radio.checked = radio.value === current;
}

preferencesDialog.addEventListener("change", ({ target }) => {
  if (!PREFERENCES.includes(target.name)) return;
  remember("localStorage", target.name, target.value || null);
  applyPreference(target.name, target.value);
});

// Another window of this browser changed it.
addEventListener("storage", ({ key, newValue }) => PREFERENCES.includes(key) && applyPreference(key, newValue));
