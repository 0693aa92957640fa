// The account page's part of enrolling this browser: its form, the browser's questions to the person, and words for what failed.
// Leaves keys and requests to `device.js`.

import { Device, workerAt } from "./device.js";

/** How long the browser may wait for the person's word on notifications, in milliseconds. */
const QUESTION = 30_000;

const WORDS = {
  60315: "You have as many devices as an account can have. Remove one, then try again.",
  60326: "Too many devices were added today. Please try again tomorrow.",
};

const form = document.querySelector("#add-device");
const status = document.querySelector("#add-status");

/** A name by which people know their browser again; it decides nothing. */
function browserName(agent) {
  const first = (names) => names.find(([mark]) => agent.includes(mark))?.[1];
  const browser = first([
    ["Edg", "Edge"],
    ["OPR", "Opera"],
    ["SamsungBrowser", "Samsung Internet"],
    ["Firefox", "Firefox"],
    ["FxiOS", "Firefox"],
    ["CriOS", "Chrome"],
    ["Chrome", "Chrome"],
    ["Safari", "Safari"],
  ]);
  const system = first([
    ["Android", "Android"],
    ["iPhone", "iPhone"],
    ["iPad", "iPad"],
    ["Windows", "Windows"],
    ["CrOS", "ChromeOS"],
    ["Macintosh", "Mac"],
    ["Linux", "Linux"],
  ]);
  return [browser ?? "Browser", system].filter(Boolean).join(" on ");
}

/** A ticket from the server, for the person who is signed in; `null` when nobody is any more. */
async function fetchTicket() {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    redirect: "manual",
  });
  if (answer.status >= 500) throw new TypeError("the server is unavailable");
  const isTicket = answer.ok && answer.headers.get("Content-Type")?.startsWith("application/json");
  return isTicket ? answer.json() : null;
}

/** Whoever shows notifications, if there is something to show and the person lets us. */
async function notifier() {
  if (!("notify" in form.dataset)) return null;
  try {
    const late = new Promise((done) => setTimeout(done, QUESTION));
    if ((await Promise.race([Notification.requestPermission(), late])) !== "granted") return null;
    return await workerAt(form.dataset.worker, form.dataset.scope);
  } catch {
    return null;
  }
}

async function enrol() {
  const name = form.elements.name.value.trim();
  // First of all: after anything that is waited for, some browsers no longer take it for the person's own wish.
  const worker = await notifier();
  const ticket = await fetchTicket();
  if (!ticket) return location.reload();
  const device = await Device.enrol(ticket, { name, worker });
  // Browsers clear what pages keep when they need room, but not what they were asked to keep.
  navigator.storage?.persist?.();
  location.search = new URLSearchParams({ added: device.sid });
}

function words(error) {
  const known = WORDS[error.code];
  if (known) return known;
  if (error.name === "TypeError" || error.name === "TimeoutError") {
    return "The server can't be reached at the moment. Please try again.";
  }
  return "This browser could not be added. In a private window it can't keep its key; otherwise please try again.";
}

function say(text, isBad = false) {
  status.textContent = text;
  status.className = isBad ? "notice bad" : "quiet";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.disabled) return;
  button.disabled = true;
  say("Adding this browser …");
  try {
    await enrol();
  } catch (error) {
    console.warn("this browser was not added:", error);
    say(words(error), true);
  }
  button.disabled = false;
});

/** Marks this browser in the list, in which case there is nothing to add. */
async function begin() {
  if (!globalThis.isSecureContext || !globalThis.indexedDB || !crypto.subtle) {
    return say("This browser can't be added: it needs https, and must be able to keep a key.");
  }
  const own = new Set((await Device.all()).map((device) => device.sid));
  let isThere = false;
  for (const mark of document.querySelectorAll("[data-device]")) {
    mark.hidden = !own.has(mark.dataset.device);
    isThere ||= !mark.hidden;
  }
  form.elements.name.value ||= browserName(navigator.userAgent);
  form.hidden = isThere;
}

begin().catch(() => say("This browser can't be added: it keeps nothing. Private windows of some browsers are so."));
