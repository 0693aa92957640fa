// The whole of push verification by Twilio's helper library for Node; only the host is another. push.mjs FOLDER: where the
// library is installed. The server is named by COUPLET_URL, ACCOUNT_SID and AUTH_TOKEN.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.resolve(process.argv[2], "package.json"));
const twilio = require("twilio");
const { COUPLET_URL: base, ACCOUNT_SID: account, AUTH_TOKEN: token } = process.env;
const ALICE = "ff483d1f-f591-898a-9942-916050d2ca3f";

function same(what, found, expected) {
  assert.deepEqual(found, expected, what);
  console.log(`ok  ${what}`);
}

async function refusal(attempt) {
  try {
    await attempt;
  } catch (error) {
    return [error.status, error.code];
  }
  return null;
}

class OtherHost extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace("https://verify.twilio.com", base) });
  }
}

/** A phone that signs as the mobile SDKs do. */
class Device {
  constructor(service) {
    this.url = `${base}/v2/Services/${service}/Entities/${ALICE}`;
    const pair = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.key = pair.privateKey;
    this.publicKey = pair.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  }

  jwt(header, payload) {
    const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = crypto.sign("sha256", Buffer.from(text), { key: this.key, dsaEncoding: "ieee-p1363" });
    return `${text}.${signature.toString("base64url")}`;
  }

  async call(method, target, form, password) {
    const now = Math.floor(Date.now() / 1000);
    const header = { cty: "twilio-pba;v=1", kid: this.credential, typ: "JWT", alg: "ES256" };
    password ??= this.jwt(header, { sub: account, exp: now + 600, nbf: now });
    const headers = { Authorization: `Basic ${Buffer.from(`token:${password}`).toString("base64")}` };
    const body = form && new URLSearchParams(form);
    const answer = await fetch(`${this.url}${target}`, { method, headers, body });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${target}: ${answer.status} ${text}`);
    return { json: text && JSON.parse(text), headers: answer.headers };
  }

  async enrol(accessToken) {
    const form = {
      FriendlyName: "Alice's phone",
      FactorType: "push",
      "Binding.PublicKey": this.publicKey,
      "Binding.Alg": "ES256",
      "Config.SdkVersion": "3.0.2",
      "Config.AppId": "com.example.owl",
      "Config.NotificationPlatform": "none",
    };
    const { json } = await this.call("POST", "/Factors", form, accessToken);
    this.factor = json.sid;
    this.credential = json.config.credential_sid;
    const signature = crypto.sign("sha256", Buffer.from(json.sid), { key: this.key, dsaEncoding: "der" });
    return (await this.call("POST", `/Factors/${json.sid}`, { AuthPayload: signature.toString("base64") })).json;
  }

  async answer(challenge, status) {
    const { json, headers } = await this.call("GET", `/Challenges/${challenge}`);
    const names = headers.get("Twilio-Verify-Signature-Fields").split(",");
    const payload = { ...Object.fromEntries(names.map((name) => [name, json[name]])), status };
    const form = { AuthPayload: this.jwt({ typ: "JWT", alg: "ES256" }, payload) };
    return (await this.call("POST", `/Challenges/${challenge}`, form)).json.status;
  }
}

const told = [];
const receiver = http.createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const form = Object.fromEntries(new URLSearchParams(body));
    const url = `http://${request.headers.host}${request.url}`;
    const good = twilio.validateRequest(token, request.headers["x-twilio-signature"], url, form);
    told.push(good ? form.type : "refused");
    response.end();
  });
});
await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));

const client = twilio(account, token, { httpClient: new OtherHost() });
const stranger = twilio(account, "0".repeat(32), { httpClient: new OtherHost() });
same("a wrong token is refused", await refusal(stranger.verify.v2.services.create({ friendlyName: "x" })), [401, 20003]);
const made = await client.verify.v2.services.create({ friendlyName: "Owl Bank", "push.includeDate": true });
same("a service is made", [made.friendlyName, made.push.include_date], ["Owl Bank", true]);
const service = client.verify.v2.services(made.sid);
same("it is fetched", (await service.fetch()).url, made.url);
const webhookUrl = `http://127.0.0.1:${receiver.address().port}/hook?from=couplet`;
const events = ["challenge.approved", "factor.verified"];
const hook = await service.webhooks.create({ friendlyName: "Events", eventTypes: events, webhookUrl });
same("a webhook is made", [hook.eventTypes, hook.status], [events, "enabled"]);
const enrolment = await service.accessTokens.create({ identity: ALICE, factorType: "push" });
const device = new Device(made.sid);
same("a device enrols and shows its key", (await device.enrol(enrolment.token)).status, "verified");
const entity = service.entities(ALICE);
same("factors are listed", (await entity.factors.list()).map((factor) => factor.sid), [device.factor]);
const asked = [];
for (const number of [1, 2, 3]) {
  const challenge = await entity.challenges.create({
    factorSid: device.factor,
    "details.message": `Sign in ${number}?`,
    "details.fields": [{ label: "From", value: "東京" }],
    hiddenDetails: { ip: "203.0.113.9" },
    expirationDate: new Date(Date.now() + 600_000),
  });
  asked.push(challenge.sid);
}
same("a challenge is read", (await entity.challenges(asked[0]).fetch()).details.fields, [{ label: "From", value: "東京" }]);
same("pages of one", (await entity.challenges.list({ pageSize: 1 })).map((row) => row.sid), asked);
same("the device is notified", (await entity.challenges(asked[0]).notifications.create({ ttl: 60 })).ttl, 60);
same("the device approves", await device.answer(asked[0], "approved"), "approved");
same("the device denies", await device.answer(asked[1], "denied"), "denied");
same("the back end reads it", (await entity.challenges(asked[0]).fetch()).status, "approved");
same("a filter finds the rest", (await entity.challenges.list({ status: "pending" })).map((row) => row.sid), [asked[2]]);
const forged = entity.challenges(asked[2]).update({ authPayload: "approved" });
same("a back end can't approve", await refusal(forged), [400, 60306]);
for (let waited = 0; told.length < 2 && waited < 200; waited++) {
  await new Promise((done) => setTimeout(done, 50));
}
same("the library's validator accepts what is told", told.sort(), events);
same("a factor is deleted", await entity.factors(device.factor).remove(), true);
same("it is gone", await refusal(entity.factors(device.factor).fetch()), [404, 20404]);
same("a service is deleted", await service.remove(), true);
console.log(JSON.stringify({ driven_by: "twilio-node", result: "ok" }));
receiver.close();
