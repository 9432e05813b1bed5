"""Signs a stream's name with botocore and a library for RSA.

Arguments: the library, the key's id and file, the name, when the right ends; for a custom policy also after when it
begins, and where the viewer is.
"""

import datetime
import sys

from botocore.signers import CloudFrontSigner

LIBRARY, KEY_ID, KEY_FILE, NAME = sys.argv[1:5]
END, BEGIN, NETWORK = (sys.argv[5:8] + [None, None])[:3]


def with_rsa(pem):
    import rsa

    key = rsa.PrivateKey.load_pkcs1(pem)
    return lambda message: rsa.sign(message, key, "SHA-1")


def with_cryptography(pem):
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    key = serialization.load_pem_private_key(pem, password=None)
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA1())


def time(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), tz=datetime.timezone.utc)


with open(KEY_FILE, "rb") as file:
    sign = {"rsa": with_rsa, "cryptography": with_cryptography}[LIBRARY](file.read())
signer = CloudFrontSigner(KEY_ID, sign)
if BEGIN is None:
    print(signer.generate_presigned_url(NAME, date_less_than=time(END)))
else:
    policy = signer.build_policy(NAME, time(END), date_greater_than=time(BEGIN), ip_address=NETWORK)
    print(signer.generate_presigned_url(NAME, policy=policy))
