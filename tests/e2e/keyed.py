"""The keys of the server that the tests of security and the fuzzers share."""

import hashlib

OPERATOR, READER, TENANT = "zqxoperatorqxz", "zqxreaderqxz", "zqxtenantqxz"
SECRETS = (OPERATOR, READER, TENANT)
KEYS = (
    f"{OPERATOR};name=operator,sha256:{hashlib.sha256(READER.encode()).hexdigest()};name=reader;scopes=read,"
    f"{TENANT};name=tenant;channels=mika"
)


def bearer(key: str | None) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"} if key else {}
