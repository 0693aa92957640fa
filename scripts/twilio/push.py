"""The whole of push verification by Twilio's helper library; only the host is another."""

import datetime
import http.server
import json
import sys
import threading
import time
import urllib.parse

from device import Device, Refused
from server import Server
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

ALICE = "ff483d1f-f591-898a-9942-916050d2ca3f"


class OtherHost(TwilioHttpClient):
    def __init__(self, url):
        super().__init__()
        self.url = url

    def request(self, method, url, *arguments, **named):
        return super().request(method, url.replace("https://verify.twilio.com", self.url), *arguments, **named)


class Receiver:
    """Keeps the webhooks that the library's validator accepts."""

    def __init__(self, auth_token):
        receiver = self
        self.accepted, self.refused = [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
                url = f"http://{self.headers['Host']}{self.path}"
                good = RequestValidator(auth_token).validate(url, form, self.headers["X-Twilio-Signature"])
                (receiver.accepted if good else receiver.refused).append(form)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?from=couplet"

    def until(self, many):
        for _ in range(200):
            if len(self.accepted) >= many:
                break
            time.sleep(0.05)
        return sorted(form["type"] for form in self.accepted)


def refusal(call, *arguments, **named):
    """Status and code of what is refused."""
    try:
        call(*arguments, **named)
    except TwilioRestException as error:
        return error.status, error.code
    except Refused as error:
        return error.status, error.body["code"]
    return None


def same(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: {found!r} is not {expected!r}")
    print(f"ok  {what}")


def services(verify):
    service = verify.services.create(friendly_name="Owl Bank", push_include_date=False)
    same("a service is made", (service.friendly_name, service.sid[:2]), ("Owl Bank", "VA"))
    same("it is fetched", verify.services(service.sid).fetch().links, service.links)
    same("it is changed", verify.services(service.sid).update(friendly_name="Owl & Bank").friendly_name, "Owl & Bank")
    for number in range(4):
        verify.services.create(friendly_name=f"Service {number}")
    same("all are listed in pages of two", len(verify.services.list(page_size=2)), 5)
    return service.sid


def device_of(server, service):
    token = service.access_tokens.create(identity=ALICE, factor_type="push", factor_friendly_name="Her phone", ttl=120)
    same("an access token is made", (token.ttl, token.entity_identity), (120, ALICE))
    same("it is fetched without its text", service.access_tokens(token.sid).fetch().token, None)
    device = Device(server.url, token.service_sid, ALICE)
    factor = device.enrol(token.token, "Alice's phone")
    same("a device enrols", (factor["status"], factor["friendly_name"]), ("unverified", "Her phone"))
    same("the token is spent", refusal(Device(server.url, token.service_sid, ALICE).enrol, token.token, "x"), (401, 20003))
    same("the device shows its key", device.verify()["status"], "verified")
    return device


def factors(service, device):
    entity = service.entities(ALICE)
    same("the entity is there", entity.fetch().identity, ALICE)
    same("another is made", service.entities.create(identity="brian-1234").identity, "brian-1234")
    same("entities are listed", len(service.entities.list()), 2)
    same("factors are listed", [factor.sid for factor in entity.factors.list()], [device.factor_sid])
    changed = entity.factors(device.factor_sid).update(friendly_name="Phone", config_notification_platform="none")
    same("a factor is changed", (changed.friendly_name, changed.config["notification_platform"]), ("Phone", "none"))
    bound = entity.new_factors.create(
        friendly_name="By the back end",
        factor_type="push",
        binding_alg="ES256",
        binding_public_key=Device("", "", "").public_key(),
        config_app_id="com.example.owl",
        config_notification_platform="apn",
        config_notification_token="a" * 64,
        metadata={"os": "iOS"},
    )
    same("a back end binds a factor", (bound.status, bound.metadata), ("unverified", {"os": "iOS"}))
    asked = refusal(entity.challenges.create, factor_sid=bound.sid, details_message="Is it you?")
    same("it can't be asked yet", asked, (403, 60318))
    same("it is deleted", entity.factors(bound.sid).delete(), True)
    same("it is gone", refusal(entity.factors(bound.sid).fetch), (404, 20404))


def challenges(service, device):
    entity = service.entities(ALICE)
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=10)
    fields = [{"label": "From", "value": "東京"}, {"label": "URL", "value": "https://owl.example/a?b=c&d"}]
    asked = [
        entity.challenges.create(
            factor_sid=device.factor_sid,
            details_message="Sign in to Owl Bank?",
            details_fields=fields,
            hidden_details={"ip": "203.0.113.9"},
            expiration_date=until,
        )
        for _ in range(3)
    ]
    first, second, third = asked
    same("a challenge is asked", (first.status, first.details["fields"]), ("pending", fields))
    same("its end is as asked", first.expiration_date, until.replace(microsecond=0))
    same("the device finds them", [row["sid"] for row in device.pending()], [challenge.sid for challenge in asked])
    notification = entity.challenges(first.sid).notifications.create(ttl=60)
    same("the device is notified again", (notification.ttl, notification.priority), (60, "high"))
    same("the device approves", device.answer(first.sid, "approved"), True)
    same("the device denies", device.answer(second.sid, "denied"), True)
    same("an answer counts once", refusal(device.answer, first.sid, "denied"), (403, 60324))
    same("the back end reads it", entity.challenges(first.sid).fetch().status, "approved")
    same("a filter finds it", [row.sid for row in entity.challenges.list(status="denied")], [second.sid])
    forged = entity.challenges(third.sid).update
    same("a back end can't approve", refusal(forged, auth_payload="approved"), (400, 60306))
    pages = entity.challenges.list(order="desc", page_size=1)
    same("pages run back", [row.sid for row in pages], [challenge.sid for challenge in reversed(asked)])
    same("a wrong page is refused", refusal(entity.challenges(third.sid).notifications.create, ttl=301), (400, 60306))


def main():
    with Server(sys.argv[1]) as server:
        client = Client(server.account_sid, server.auth_token, http_client=OtherHost(server.url))
        stranger = Client(server.account_sid, "0" * 32, http_client=OtherHost(server.url))
        same("a wrong token is refused", refusal(stranger.verify.v2.services.create, friendly_name="x"), (401, 20003))
        service = client.verify.v2.services(services(client.verify.v2))
        receiver = Receiver(server.auth_token)
        hook = service.webhooks.create(friendly_name="Events", event_types=["*"], webhook_url=receiver.url)
        same("a webhook is made", (hook.status, hook.event_types), ("enabled", ["*"]))
        device = device_of(server, service)
        factors(service, device)
        challenges(service, device)
        device.delete()
        same("a deleted device is nobody", refusal(device.pending), (401, 20003))
        told = [
            "challenge.approved",
            "challenge.denied",
            "factor.created",
            "factor.created",
            "factor.deleted",
            "factor.deleted",
            "factor.verified",
        ]
        same("the library's validator accepts what is told", receiver.until(len(told)), told)
        same("and nothing else is told", receiver.refused, [])
        same("a webhook is changed", service.webhooks(hook.sid).update(status="disabled").status, "disabled")
        same("it is deleted", service.webhooks(hook.sid).delete(), True)
        same("an entity is deleted", service.entities(ALICE).delete(), True)
        same("a service is deleted", service.delete(), True)
        same("it is gone", refusal(service.fetch), (404, 20404))
        print(json.dumps({"driven_by": "twilio-python", "result": "ok"}))


if __name__ == "__main__":
    main()
