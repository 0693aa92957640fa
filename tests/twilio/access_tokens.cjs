// Compares our access tokens with those of Twilio's helper library for Node, at the same moment and with the same options.
//
// Arguments: the vectors, and the tokens that we made for them.

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { AccessToken } = require("twilio").jwt;
// The library's own way to read a JWT.
const jsonwebtoken = require("jsonwebtoken");

const KINDS = {
  video: AccessToken.VideoGrant,
  chat: AccessToken.ChatGrant,
  voice: AccessToken.VoiceGrant,
  sync: AccessToken.SyncGrant,
  task_router: AccessToken.TaskRouterGrant,
  playback: AccessToken.PlaybackGrant,
};

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

function theirs({ account_sid, api_key_sid, api_key_secret, identity, ttl, nbf, region, grants, algorithm, now }) {
  const token = new AccessToken(account_sid, api_key_sid, api_key_secret, { identity, ttl, nbf, region });
  for (const { type, ...options } of grants) {
    const named = Object.entries(options).map(([name, value]) => [camel(name), value]);
    token.addGrant(new KINDS[type](Object.fromEntries(named)));
  }
  const real = Date.now;
  Date.now = () => now * 1000;
  try {
    return token.toJwt(algorithm);
  } finally {
    Date.now = real;
  }
}

// Header and claims, with the signature checked at the moment of the case.
function read(token, { api_key_secret, now }) {
  const { header, payload } = jsonwebtoken.verify(token, api_key_secret, { complete: true, clockTimestamp: now });
  return { header, payload };
}

const [vectors, tokens] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
for (const { id, input } of vectors.cases) {
  assert.deepEqual(read(tokens[id], input), read(theirs(input), input), id);
}
console.log(`Node: ${vectors.cases.length} cases say what the library says`);
