"""A phone: it does with plain HTTP what Twilio's mobile SDKs do, and signs as they do."""

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Device:
    def __init__(self, url, service_sid, identity):
        self.base = f"{url}/v2/Services/{service_sid}/Entities/{identity}"
        self.key = ec.generate_private_key(ec.SECP256R1())

    def public_key(self):
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign_der(self, text):
        return base64.b64encode(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))).decode()

    def sign_jwt(self, header, payload):
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, payload))
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def request_jwt(self):
        now = int(time.time())
        header = {"cty": "twilio-pba;v=1", "kid": self.credential_sid, "typ": "JWT", "alg": "ES256"}
        return self.sign_jwt(header, {"sub": self.account_sid, "exp": now + 600, "nbf": now})

    def call(self, method, path, form=None, password=None):
        # Spaces as %20, and what belongs to Base64 and URLs as it is but for the plus, as on iOS.
        body = None
        if form is not None:
            body = "&".join(f"{name}={urllib.parse.quote(value, safe='=/?')}" for name, value in form.items()).encode()
        request = urllib.request.Request(f"{self.base}{path}", data=body, method=method)
        credentials = base64.b64encode(f"token:{password or self.request_jwt()}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
        accept = "application/x-www-form-urlencoded" if method == "GET" else "application/json"
        request.add_header("Accept", accept)
        if body is not None:
            request.add_header("Content-Type", "application/x-www-form-urlencoded")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return (json.loads(text) if text else None), answer.headers
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read())) from None

    def enrol(self, access_token, friendly_name):
        factor, _ = self.call(
            "POST",
            "/Factors",
            {
                "FriendlyName": friendly_name,
                "FactorType": "push",
                "Binding.PublicKey": self.public_key(),
                "Binding.Alg": "ES256",
                "Config.SdkVersion": "0.9.0",
                "Config.AppId": "com.example.owl",
                "Config.NotificationPlatform": "fcm",
                "Config.NotificationToken": "t" * 64,
            },
            access_token,
        )
        self.factor_sid, self.account_sid = factor["sid"], factor["account_sid"]
        self.credential_sid = factor["config"]["credential_sid"]
        return factor

    def verify(self):
        return self.call("POST", f"/Factors/{self.factor_sid}", {"AuthPayload": self.sign_der(self.factor_sid)})[0]

    def pending(self):
        query = f"?FactorSid={self.factor_sid}&Status=pending&PageSize=20"
        return self.call("GET", f"/Challenges{query}")[0]["challenges"]

    def answer(self, challenge_sid, status):
        """Reads the challenge, signs what the header names, sends it, and looks whether it counted."""
        shown, headers = self.call("GET", f"/Challenges/{challenge_sid}")
        payload = {name: shown[name] for name in headers["Twilio-Verify-Signature-Fields"].split(",")}
        payload["status"] = status
        token = self.sign_jwt({"typ": "JWT", "alg": "ES256"}, payload)
        self.call("POST", f"/Challenges/{challenge_sid}", {"AuthPayload": token})
        return self.call("GET", f"/Challenges/{challenge_sid}")[0]["status"] == status

    def delete(self):
        self.call("DELETE", f"/Factors/{self.factor_sid}")
