// The service worker of the approval page: owns what happens while no page is open. A push shows a notification, a tap on it leads
// to the page, and a new subscription is told to the server. The page's address is the worker's scope.

import { Device } from "./device.js";

/** How long between tries to reach the server, in milliseconds. */
const PAUSES = [2000, 10_000];

const SID = /^YC[0-9a-f]{32}$/i;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => event.waitUntil(told(read(event.data))));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data?.challenge));
});

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

/** What a push says; nothing when it is none of ours. Something is shown in any case: browsers insist. */
function read(data) {
  try {
    const { message, challenge_sid } = data.json();
    return { message: String(message ?? ""), challenge: SID.test(challenge_sid) ? challenge_sid : null };
  } catch {
    return { message: "", challenge: null };
  }
}

async function told({ message, challenge }) {
  const options = { body: "Tap to answer.", requireInteraction: true, data: { challenge } };
  // A reminder takes the place of what it reminds of, and is heard again.
  if (challenge) Object.assign(options, { tag: challenge, renotify: true });
  await self.registration.showNotification(message || "A sign-in waits for your answer", options);
  for (const page of await pages()) page.postMessage({ look: null });
}

/** To the page, which is open already or not. */
async function lead(challenge) {
  const [open] = await pages();
  if (open) {
    open.postMessage({ look: challenge });
    return open.focus();
  }
  const query = challenge ? `?challenge=${challenge}` : "";
  return self.clients.openWindow(`${self.registration.scope}${query}`);
}

async function pages() {
  const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = new URL(self.registration.scope).pathname;
  return all.filter((client) => new URL(client.url).pathname === page);
}

/** Tells the server; what does not get through is told by the page when it is opened next. */
async function renew({ newSubscription }) {
  const reached = (await Device.all()).filter((device) => device.vapidKey);
  const told = (device) => (newSubscription ? device.register(newSubscription) : device.renew(self.registration));
  const tries = await Promise.allSettled(reached.map((device) => persist(() => told(device))));
  const failed = tries.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
}

/** Does something; when nobody is reached, again after each pause. */
async function persist(act) {
  for (const pause of PAUSES) {
    try {
      return await act();
    } catch (error) {
      if (error.status) throw error;
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  return act();
}
