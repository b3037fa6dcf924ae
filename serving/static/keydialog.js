// The prompt for the API key: it comes when the server asks for one, and the key stays in this browser tab.

import { keys, readKey, storeKey } from "./ask.js";
import { $, sentence } from "./parts.js";

let refused = false;

export function startKeys() {
  const [dialog, input, says] = [$("key-dialog"), $("key"), $("key-says")];
  const open = (message) => {
    says.textContent = message;
    input.value = readKey();
    $("key-open").hidden = false;
    if (!dialog.open && !$("dialog").open) dialog.showModal();
  };
  keys.addEventListener("needed", ({ detail }) => {
    $("key-open").hidden = false;
    // Whoever closed the prompt is not asked again and again; the button opens it.
    const wanted = /bearer/i.test(detail) ? (readKey() ? "The engine does not know this key." : "This engine is protected. Enter one of its keys to look in.") : sentence(detail);
    if (!refused) open(wanted);
  });
  $("key-open").addEventListener("click", () => open("The key that goes with every request of this page."));
  $("key-open").hidden = !readKey();
  $("key-cancel").addEventListener("click", () => { refused = true; dialog.close(); });
  dialog.addEventListener("cancel", () => { refused = true; });
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close();
    refused = false;
    storeKey(input.value.trim());
  });
}
