"""Compares our access tokens with those of Twilio's helper library for Python, at the same moment and with the same options.

Arguments: the vectors, the tokens that we made for them, and our program.
"""

import json
import os
import subprocess
import sys
from unittest import mock

import jwt
from twilio.jwt.access_token import AccessToken, grants
from twilio.jwt.access_token.grants import PlaybackGrant

KINDS = {
    "video": grants.VideoGrant,
    "chat": grants.ChatGrant,
    "voice": grants.VoiceGrant,
    "sync": grants.SyncGrant,
    "task_router": grants.TaskRouterGrant,
    "playback": PlaybackGrant,
}

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
KEY = "SKfedcba9876543210fedcba9876543210"
SECRET = "s3cr3tS3cr3tS3cr3tS3cr3tS3cr3t00"
DIGITS = "00112233445566778899aabbccddeeff"


def theirs(case, now):
    """What the library makes at that moment."""
    given = [KINDS[options["type"]](**{k: v for k, v in options.items() if k != "type"}) for options in case["grants"]]
    token = AccessToken(
        case["account_sid"],
        case["api_key_sid"],
        case["api_key_secret"],
        grants=given,
        identity=case["identity"],
        ttl=case["ttl"] or 3600,
        nbf=case["nbf"],
        region=case["region"],
    )
    with mock.patch("time.time", lambda: now):
        return token.to_jwt()


def read(token, secret):
    """Header and claims, with the signature checked; when a token ends is not asked here."""
    header = jwt.get_unverified_header(token)
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return header, jwt.decode(token, secret, algorithms=[header["alg"]], options=options)


def compare(name, case, token):
    header, claims = read(token, case["api_key_secret"])
    now = claims.pop("iat")
    assert (header, claims) == read(theirs(case, now), case["api_key_secret"]), f"{name}: {header} {claims}"


def vectors(file, tokens):
    """Every case that the library can make."""
    cases = json.load(open(file))["cases"]
    ours = json.load(open(tokens))
    known = [case for case in cases if case["input"]["algorithm"] in (None, AccessToken.ALGORITHM)]
    for case in known:
        compare(case["id"], case["input"], ours[case["id"]])
    return len(known)


def command_line(program):
    """Each command of `couplet token`, whose tokens are good at this moment."""
    sid = lambda prefix: prefix + DIGITS
    cases = [
        ("video --room-name DailyStandup --ttl 14400", {"type": "video", "room": "DailyStandup"}),
        (f"chat --chat-service-sid {sid('IS')}", {"type": "chat", "service_sid": sid("IS")}),
        (
            f"voice --voice-app-sid {sid('AP')} --push-credential-sid {sid('CR')}",
            {
                "type": "voice",
                "incoming_allow": True,
                "outgoing_application_sid": sid("AP"),
                "push_credential_sid": sid("CR"),
            },
        ),
        (f"sync --sync-service-sid {sid('IS')}", {"type": "sync", "service_sid": sid("IS")}),
        (
            f"flex --worker-sid {sid('WK')} --workspace-sid {sid('WS')}",
            {"type": "task_router", "workspace_sid": sid("WS"), "worker_sid": sid("WK"), "role": "worker"},
        ),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "COUPLET_TWILIO_ACCOUNT_SID": ACCOUNT,
        "COUPLET_TWILIO_API_KEY_SID": KEY,
        "COUPLET_TWILIO_API_KEY_SECRET": SECRET,
        "COUPLET_TWILIO_REGION": "ie1",
    }
    for words, grant in cases:
        command = [program, "token", *words.split(), "--identity", "Zoë 灯"]
        token = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()
        decoded = AccessToken.from_jwt(token, SECRET)
        assert (decoded.issuer, decoded.subject) == (KEY, ACCOUNT), words
        case = {"account_sid": ACCOUNT, "api_key_sid": KEY, "api_key_secret": SECRET, "identity": "Zoë 灯"}
        ttl = 14400 if "--ttl" in words else None
        compare(words, {**case, "grants": [grant], "ttl": ttl, "nbf": None, "region": "ie1"}, token)
    return len(cases)


if __name__ == "__main__":
    vectors_file, tokens_file, program = sys.argv[1:]
    counts = vectors(vectors_file, tokens_file), command_line(program)
    print(f"Python: {counts[0]} cases and {counts[1]} commands say what the library says")
