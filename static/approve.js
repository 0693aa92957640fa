// The approval page: shows what waits for this browser, takes the person's answer, and tells what became of it. Its words that are
// not about a single moment stand in the page. Leaves keys and requests to `device.js`.

import { Device, workerAt } from "./device.js";

/** How long between two looks, in milliseconds: at first, and when nothing has happened for `LONG`. */
const SOON = 3000;
const LATER = 15_000;
const LONG = 10 * 60_000;

/** For how long buttons that may have moved rest, in milliseconds: nobody shall press what was elsewhere a moment ago. */
const SETTLING = 600;

const SID = /^YC[0-9a-f]{32}$/i;

const ENDS = {
  approved: "Approved. It was answered already.",
  denied: "Denied. It was answered already.",
  expired: "This question has expired. Nobody was let in by it. If it was you, sign in again.",
};

const find = (name) => document.getElementById(name);
const [list, status, template, notify] = ["challenges", "status", "challenge", "notify"].map(find);

/** What this browser is enrolled as, by SID, and when the server last said that it does not know it. */
const devices = new Map();
const removed = new Map();

/** What is shown, by the SIDs of challenges. */
const cards = new Map();

let wanted = null;
let lastChange = Date.now();
let timer = null;
let running = null;

/** Announced by screen readers when it changes, and only then. */
function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

/** One of the states in which there is nothing to answer here, or none. */
function explain(name) {
  for (const part of document.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== name;
  if (name) say("");
}

/** One challenge on the page. */
class Card {
  constructor(device, challenge) {
    Object.assign(this, { device, challenge, ended: false });
    this.element = template.content.firstElementChild.cloneNode(true);
    this.form = this.part("form");
    this.fill();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(event.submitter?.value ?? "approve");
    });
    // Below the others: what the person is about to press stays where it is.
    list.append(this.element);
  }

  part(name) {
    return this.element.querySelector(`[data-part=${name}]`);
  }

  fill() {
    const { details, hidden_details: hidden, sid } = this.challenge;
    this.part("message").textContent = details.message;
    for (const { label, value } of details.fields) {
      const [line, term, text] = ["div", "dt", "dd"].map((name) => document.createElement(name));
      term.textContent = label;
      text.textContent = value;
      line.append(term, text);
      this.part("fields").append(line);
    }
    const number = this.part("number");
    const asks = hidden?.ask === "number";
    this.part("ask").hidden = !asks;
    number.disabled = !asks;
    number.id = `number-${sid}`;
    this.part("ask").querySelector("label").htmlFor = number.id;
    this.tick();
  }

  /** Where the keyboard begins, unless the person is busy elsewhere. */
  focus() {
    const number = this.part("number");
    if (document.activeElement === document.body && !number.disabled) number.focus();
  }

  /** The time left, by the server's clock. */
  tick() {
    if (this.ended) return;
    const left = Date.parse(this.challenge.expiration_date) - (Date.now() + this.device.skew);
    const seconds = Math.max(0, Math.ceil(left / 1000));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    this.part("left").textContent = seconds > 0 ? `${text} left to answer` : "Time is up";
    if (seconds === 0) look();
  }

  async answer(choice) {
    if (this.sending || this.ended) return;
    const number = this.part("number");
    const [word, metadata] = {
      approve: ["approved", number.disabled ? null : { number: number.value }],
      deny: ["denied", null],
      not_me: ["denied", { reason: "not_me" }],
    }[choice];
    this.busy(true);
    try {
      await this.device.answer(this.challenge, word, metadata);
      this.end(answered(choice, metadata));
    } catch (error) {
      console.warn("the answer was not taken:", error);
      this.busy(false);
      await this.failed(error);
    }
  }

  busy(sending) {
    this.sending = sending;
    this.enable(!sending);
  }

  enable(enabled) {
    for (const button of this.form.querySelectorAll("button")) button.disabled = !enabled;
  }

  /** It may have moved. */
  rest() {
    this.enable(false);
    setTimeout(() => this.enable(!this.sending), SETTLING);
  }

  /** The answer did not count: because it had ended, or because nobody heard it. */
  async failed(error) {
    if (error.status && (await this.settle())) return;
    this.complain("Your answer did not arrive. Please try again.");
  }

  complain(text) {
    const problem = this.part("problem");
    problem.textContent = text;
    problem.hidden = false;
  }

  /** Asks the server how it ended, if it did. */
  async settle() {
    const now = await this.device.challenge(this.challenge.sid).catch((error) => error);
    const end = now.status === 404 ? ENDS.expired : ENDS[now.status];
    if (end && !this.sending) this.end(end);
    return Boolean(end);
  }

  /** What became of it takes the place of the buttons, and the focus if that was there. */
  end(text) {
    if (this.ended) return;
    this.ended = true;
    const outcome = this.part("outcome");
    const hadFocus = this.form.contains(document.activeElement) || document.activeElement === document.body;
    outcome.textContent = text;
    outcome.hidden = false;
    this.form.hidden = this.part("left").hidden = true;
    if (hadFocus) outcome.focus();
    for (const card of open()) card.rest();
    lastChange = Date.now();
    hush(this.challenge.sid);
    tell();
  }
}

function answered(choice, metadata) {
  if (choice === "not_me") return "Denied. Thank you for saying that it wasn’t you. Every browser is signed out, and a password that somebody may know works no more.";
  if (choice === "deny") return "Denied.";
  if (!metadata) return "Approved. Go on where you were signing in.";
  return `Your answer is sent. Signing in goes on if ${metadata.number} is the number that it shows.`;
}

/** A notification about what has ended is of no use any more. */
async function hush(tag) {
  const worker = await navigator.serviceWorker?.getRegistration(location.pathname);
  for (const note of (await worker?.getNotifications({ tag })) ?? []) note.close();
}

/** What can still be answered. */
function open() {
  return [...cards.values()].filter((card) => !card.ended);
}

/** The sentence below all cards. */
function tell() {
  const count = open().length;
  if (count === 1) return say("A question waits for your answer.");
  if (count > 1) return say(`${count} questions wait for your answers. Approve only what you began yourself.`);
  say(cards.size > 0 ? "Nothing else waits for you." : "Nothing waits for you. This page keeps looking.");
}

async function show(device, sid) {
  const challenge = await device.challenge(sid);
  if (cards.has(sid)) return;
  const card = new Card(device, challenge);
  cards.set(sid, card);
  lastChange = Date.now();
  if (challenge.status === "pending") card.focus();
  else card.end(ENDS[challenge.status]);
}

/** What waits for one enrolment. */
async function lookFor(device) {
  const waiting = (await device.pending()).map((challenge) => challenge.sid);
  for (const sid of waiting.reverse()) if (!cards.has(sid)) await show(device, sid);
  const own = [...cards.values()].filter((card) => card.device === device && !card.ended && !card.sending);
  const gone = own.filter((card) => !waiting.includes(card.challenge.sid));
  await Promise.all(gone.map((card) => card.settle()));
}

/** What a notification was about may have ended since. It is one of our devices', we do not know which. */
async function lookForWanted(living) {
  if (!wanted || cards.has(wanted)) return;
  const tries = await Promise.allSettled(living.map((device) => show(device, wanted)));
  if (tries.every((one) => one.status === "rejected" && one.reason.status)) wanted = null;
}

/** Whether the server knows this enrolment. It may be wrong once: it is asked again, though seldom. */
function note({ sid }, problem) {
  if (problem?.status === 401) removed.set(sid, Date.now());
  else if (!problem) removed.delete(sid);
}

async function lookOnce() {
  for (const device of await Device.all()) if (!devices.has(device.sid)) devices.set(device.sid, device);
  if (devices.size === 0) return explain("unknown");
  const due = [...devices.values()].filter(({ sid }) => Date.now() - (removed.get(sid) ?? 0) >= LATER);
  const looks = await Promise.allSettled(due.map(lookFor));
  const failed = looks.filter((one) => one.status === "rejected").map((one) => one.reason);
  looks.forEach((one, place) => note(due[place], one.reason));
  if (removed.size === devices.size) return explain("removed");
  explain(null);
  await lookForWanted([...devices.values()].filter((device) => !removed.has(device.sid)));
  const unheard = failed.find((error) => error.status !== 401);
  if (!unheard) return tell();
  console.warn("looking failed:", unheard);
  say("The server can’t be reached at the moment. This page keeps trying.");
}

/** Looks now and, while the page is seen, again and again. */
async function look() {
  if (running) return;
  clearTimeout(timer);
  running = lookOnce().catch((error) => {
    console.warn("looking failed:", error);
    explain("unable");
  });
  await running;
  running = null;
  const pause = Date.now() - lastChange > LONG ? LATER : SOON;
  if (!document.hidden) timer = setTimeout(look, pause);
}

function want(sid) {
  if (SID.test(sid)) wanted = sid;
  lastChange = Date.now();
  removed.forEach((_, of) => removed.set(of, 0));
  look();
}

/** Lets go of a key that the server does not know, which it has to say once more. */
async function drop(sid) {
  const problem = await devices.get(sid).pending().then(() => null, (error) => error);
  note({ sid }, problem);
  if (problem?.status !== 401) return;
  await devices.get(sid).drop();
  devices.delete(sid);
  removed.delete(sid);
}

/** Tells the server where this browser is reached now, if its person wants notifications; offers them if nobody was asked. */
async function reach() {
  const reachable = (await Device.all()).filter((device) => device.vapidKey);
  if (reachable.length === 0 || !globalThis.Notification || !navigator.serviceWorker) return false;
  notify.hidden = Notification.permission !== "default";
  if (Notification.permission !== "granted") return false;
  const worker = await workerAt(notify.dataset.worker, notify.dataset.scope);
  const told = await Promise.all(reachable.map((device) => device.renew(worker)));
  return told.every(Boolean);
}

notify.querySelector("button").addEventListener("click", async () => {
  const told = find("notify-status");
  const permission = await Notification.requestPermission();
  const isOn = permission === "granted" && (await reach().catch(() => false));
  notify.hidden = permission !== "default";
  if (isOn) told.textContent = "Notifications are on.";
  else told.textContent = "Notifications are not on. What waits is shown here whenever this page is open.";
});

find("forget").addEventListener("click", async () => {
  await Promise.allSettled([...removed.keys()].map(drop));
  look();
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : want(null)));
navigator.serviceWorker?.addEventListener("message", (event) => want(event.data?.look));
setInterval(() => cards.forEach((card) => card.tick()), 1000);

if (globalThis.isSecureContext && globalThis.indexedDB) {
  want(new URLSearchParams(location.search).get("challenge"));
  reach().catch((error) => console.warn("where this browser is reached was not told:", error));
} else explain("unable");
