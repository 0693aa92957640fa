// The browser as a device of push verification, in Twilio Verify's wire. Owns its key, its requests and its answers; leaves what
// people see to pages. It depends on nothing but the platform: WebCrypto, IndexedDB, fetch.

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
const SIGNED_FIELDS = "Twilio-Verify-Signature-Fields";

/** How long a request token lives, in seconds: as the mobile SDKs make it. */
const TOKEN_LIFE = 600;

/** How long the browser's push service may take, in milliseconds. Some never answer. */
const PATIENCE = 5000;

/** Twilio's code for a factor that has not shown its key yet. */
const UNVERIFIED = 60318;

/** What the server refused: its HTTP status, Twilio's code, and words. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { name: "Refused", status, code });
  }
}

/** One enrolment of this browser: a factor of one person in one service. */
export class Device {
  #offset = 0;
  #read = new WeakMap();

  constructor(record) {
    Object.assign(this, record);
    /** By how much the server's clock is ahead of ours, in milliseconds, as far as its answers tell. */
    this.skew = 0;
  }

  /** All enrolments that this browser keeps. */
  static async all() {
    const records = await stored("readonly", (store) => store.getAll());
    return records.map((record) => new Device(record));
  }

  /**
   * Enrols this browser. `ticket` comes from your back end: `{token, serviceSid, identity}`, and where there is Web Push
   * `vapidKey`, or a `subscription` made elsewhere. `base` is the server's address, `worker` a ServiceWorkerRegistration that
   * shows notifications. An enrolment of the same person in the same service is replaced.
   */
  static async enrol(ticket, { name, base = location.origin, worker = null }) {
    const keys = await crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
    const place = { base, service: ticket.serviceSid, identity: ticket.identity };
    const device = new Device({ ...place, keys, vapidKey: ticket.subscription ? null : ticket.vapidKey });
    const subscription = ticket.subscription ?? (await subscribe(worker, ticket.vapidKey));
    const factor = await device.#create(ticket.token, name, subscription);
    device.sid = factor.sid;
    device.account = factor.account_sid;
    device.credential = factor.config.credential_sid;
    device.platform = factor.config.notification_platform;
    // Kept before it is verified: a verified factor whose key is lost would be asked for ever.
    await device.#keep();
    await device.verify();
    const same = (other) => Object.entries(place).every(([key, value]) => other[key] === value);
    const former = (await Device.all()).filter((other) => other.sid !== device.sid && same(other));
    await Promise.allSettled(former.map((other) => other.forget()));
    return device;
  }

  async #create(token, name, subscription) {
    const publicKey = base64(await crypto.subtle.exportKey("spki", this.keys.publicKey));
    const create = (registration) =>
      this.#send("POST", "/Factors", token, {
        FriendlyName: name,
        FactorType: "push",
        "Binding.Alg": "ES256",
        "Binding.PublicKey": publicKey,
        "Config.AppId": location.hostname,
        "Config.SdkVersion": "couplet-web-1",
        ...registration,
      });
    if (!subscription) return create(reachedBy(null));
    try {
      return await create(reachedBy(subscription));
    } catch (error) {
      // A push service that the server does not talk to: then this browser asks by itself.
      if (error.status === 400) return create(reachedBy(null));
      throw error;
    }
  }

  /** Shows the server that this browser holds the key. */
  async verify() {
    await this.#call("POST", this.#path, { AuthPayload: base64(der(await this.#sign(this.sid))) });
  }

  /** Tells the server a new push subscription; `null`: from now on this browser asks by itself. */
  async register(subscription) {
    await this.#call("POST", this.#path, reachedBy(subscription));
    this.platform = subscription ? "web" : "none";
    await this.#keep();
  }

  /**
   * Tells the server the push subscription that this browser has now, and gives it; `null` when it has none. Do it at each
   * visit: browsers lose subscriptions, and the server forgets one that is dead.
   */
  async renew(worker) {
    const subscription = await subscribe(worker, this.vapidKey);
    if (subscription) await this.register(subscription);
    return subscription;
  }

  /** The challenges that wait for this browser. Read one before answering it. */
  async pending() {
    const list = () => this.#call("GET", `/Challenges?FactorSid=${this.sid}&Status=pending&Order=desc`);
    try {
      return (await list()).challenges;
    } catch (error) {
      if (error.code !== UNVERIFIED) throw error;
      await this.verify();
      return (await list()).challenges;
    }
  }

  /** A challenge as it stands. Show the person this very object, then answer with it. */
  async challenge(sid) {
    let fields = null;
    const challenge = await this.#call("GET", `/Challenges/${sid}`, null, (headers) => {
      fields = headers.get(SIGNED_FIELDS);
    });
    this.#read.set(challenge, fields);
    return challenge;
  }

  /** Answers a challenge with `approved` or `denied`; `metadata` is an object of texts that goes with the answer. */
  async answer(challenge, status, metadata = null) {
    const fields = this.#read.get(challenge);
    if (!fields) throw new Error(`read the challenge first, and let this page see ${SIGNED_FIELDS}`);
    // What was shown is what is signed, whatever the server would show now.
    const payload = Object.fromEntries(fields.split(",").map((name) => [name, challenge[name]]));
    const token = await this.#jwt({ typ: "JWT", alg: "ES256" }, { ...payload, status });
    const form = { AuthPayload: token };
    if (metadata) form.Metadata = JSON.stringify(metadata);
    try {
      return await this.#call("POST", `/Challenges/${challenge.sid}`, form);
    } catch (error) {
      // The answer to an earlier try may have been lost.
      const now = await this.challenge(challenge.sid).catch(() => null);
      if (now?.status === status && isSame(now.metadata, metadata)) return now;
      throw error;
    }
  }

  /** Ends this enrolment here and, if the server can be reached, there. */
  async forget() {
    try {
      await this.#call("DELETE", this.#path);
    } catch (error) {
      if (![401, 404].includes(error.status)) throw error;
    }
    await this.drop();
  }

  /** Ends this enrolment here alone. */
  async drop() {
    await stored("readwrite", (store) => store.delete(this.sid));
  }

  get #path() {
    return `/Factors/${this.sid}`;
  }

  async #keep() {
    const { sid, base, service, identity, account, credential, platform, keys, vapidKey } = this;
    const record = { sid, base, service, identity, account, credential, platform, keys, vapidKey };
    await stored("readwrite", (store) => store.put(record));
  }

  /** A request with a token of our own. A refused one is repeated once by the server's clock, if ours differs. */
  async #call(method, path, form = null, look = null) {
    try {
      return await this.#send(method, path, await this.#requestToken(), form, look);
    } catch (error) {
      const former = this.#offset;
      if (error.status !== 401 || Math.abs(this.skew - former) < 2000) throw error;
      this.#offset = this.skew;
      try {
        return await this.#send(method, path, await this.#requestToken(), form, look);
      } catch (again) {
        if (again.status === 401) this.#offset = former;
        throw again;
      }
    }
  }

  async #send(method, path, password, form, look = null) {
    const entity = `/v2/Services/${this.service}/Entities/${this.identity}`;
    const answer = await fetch(`${this.base}${entity}${path}`, {
      method,
      headers: { Authorization: `Basic ${btoa(`token:${password}`)}` },
      body: form && new URLSearchParams(form),
      // No cookies, and no browser's own dialogue when a token is refused.
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(20_000),
    });
    const told = Date.parse(answer.headers.get("Date"));
    if (told) this.skew = told - Date.now();
    const body = answer.status === 204 ? null : await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, body?.code, body?.message ?? answer.statusText);
    look?.(answer.headers);
    return body;
  }

  #requestToken() {
    const now = Math.floor((Date.now() + this.#offset) / 1000);
    const header = { typ: "JWT", alg: "ES256", cty: "twilio-pba;v=1", kid: this.credential };
    return this.#jwt(header, { sub: this.account, nbf: now, exp: now + TOKEN_LIFE });
  }

  async #jwt(header, payload) {
    const part = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
    const text = `${part(header)}.${part(payload)}`;
    return `${text}.${base64url(await this.#sign(text))}`;
  }

  async #sign(text) {
    const bytes = new TextEncoder().encode(text);
    return new Uint8Array(await crypto.subtle.sign(SIGNATURE, this.keys.privateKey, bytes));
  }
}

/** Whether two objects of texts say the same. */
function isSame(one, other) {
  const sorted = (texts) => JSON.stringify(Object.entries(texts ?? {}).sort());
  return sorted(one) === sorted(other);
}

/** The browser's push subscription; `null` when it has none to give, or its person wants no notifications. */
export async function subscribe(worker, vapidKey) {
  if (!worker?.pushManager || !vapidKey || !globalThis.Notification) return null;
  const asked = worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: vapidKey });
  const late = new Promise((done) => setTimeout(done, PATIENCE, null));
  return Promise.race([asked, late]).catch(() => null);
}

/** The service worker that shows notifications, made if need be, when it runs: without one there is no subscription. */
export async function workerAt(address, scope) {
  const registration = await navigator.serviceWorker.register(address, { scope, type: "module" });
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return registration;
  await new Promise((done) => {
    coming.addEventListener("statechange", () => ["activated", "redundant"].includes(coming.state) && done());
  });
  return registration;
}

function reachedBy(subscription) {
  if (!subscription) return { "Config.NotificationPlatform": "none" };
  const { endpoint, keys } = subscription.toJSON?.() ?? subscription;
  const { p256dh, auth } = keys;
  const token = JSON.stringify({ endpoint, keys: { p256dh, auth } });
  return { "Config.NotificationPlatform": "web", "Config.NotificationToken": token };
}

/** WebCrypto signs as r and s, 32 bytes each (IEEE P1363); a factor is verified by the same in DER. */
export function der(raw) {
  const integer = (bytes) => {
    const from = bytes.findIndex((byte) => byte !== 0);
    const short = from < 0 ? [0] : [...bytes.subarray(from)];
    const whole = short[0] > 0x7f ? [0, ...short] : short;
    return [0x02, whole.length, ...whole];
  };
  const body = [...integer(raw.subarray(0, 32)), ...integer(raw.subarray(32))];
  return Uint8Array.of(0x30, body.length, ...body);
}

function base64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

function base64url(bytes) {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Does something with what this browser keeps, in one transaction. Keys are kept as they are: nobody can read them out. */
async function stored(mode, act) {
  const database = await new Promise((done, fail) => {
    const opening = indexedDB.open("couplet", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("devices", { keyPath: "sid" });
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => fail(opening.error);
  });
  try {
    return await new Promise((done, fail) => {
      const transaction = database.transaction("devices", mode);
      const request = act(transaction.objectStore("devices"));
      transaction.oncomplete = () => done(request.result);
      transaction.onabort = () => fail(transaction.error);
    });
  } finally {
    database.close();
  }
}
