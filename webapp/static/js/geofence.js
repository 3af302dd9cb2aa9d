// A claim that needs the phone's position: it is asked for when the button is pressed, and sent with the form once.

const WITHIN_MS = 8000;
const MAY_BE_OLD_MS = 60000;

// Resolves with {longitude, latitude}, or with null when the phone gives none.
export function locate() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) {
      resolve(null);
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ longitude: coords.longitude, latitude: coords.latitude }),
      () => resolve(null),
      { timeout: WITHIN_MS, maximumAge: MAY_BE_OLD_MS, enableHighAccuracy: false },
    );
  });
}

function put(form, found) {
  for (const [name, value] of Object.entries(found ?? { longitude: "", latitude: "" })) {
    form.querySelector(`[name=${name}]`).value = value;
  }
}

const form = document.querySelector("form[data-geofence]");
// htmx asks before it sends; the answer may take as long as the phone needs.
form?.addEventListener("htmx:confirm", async (event) => {
  event.preventDefault();
  put(form, await locate());
  event.detail.issueRequest(true);
});
