// Vouchers that are used within an area: the phone's position is asked for when the button is pressed, and sent once.

import { locate } from "./geofence.js";

const form = document.querySelector("[data-pay-located]");
form.addEventListener("submit", async (event) => {
  if (form.dataset.located) return;
  event.preventDefault();
  const button = document.getElementById("pay-button");
  button.disabled = true;
  const found = await locate();
  form.elements.longitude.value = found?.longitude ?? "";
  form.elements.latitude.value = found?.latitude ?? "";
  form.dataset.located = "yes";
  button.disabled = false;
  form.requestSubmit(button);
});
