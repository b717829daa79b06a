"""Who signs images, as the properties of a signed image say it."""

import base64
import datetime
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS

HASHES = {f"SHA-{bits}": getattr(hashes, f"SHA{bits}")() for bits in (224, 256, 384, 512)}


def _rsa_pss(key, data, algorithm):
    return key.sign(data, PSS(MGF1(algorithm), padding.PSS.MAX_LENGTH), algorithm)


def _dsa(key, data, algorithm):
    return key.sign(data, algorithm)


def _ecdsa(key, data, algorithm):
    return key.sign(data, ec.ECDSA(algorithm))


# Of the key types that Glance has, those whose signatures are verified here.
KEY_TYPES = {
    "RSA-PSS": (lambda: rsa.generate_private_key(65537, 2048), _rsa_pss),
    "DSA": (lambda: dsa.generate_private_key(2048), _dsa),
    "ECC_SECP384R1": (lambda: ec.generate_private_key(ec.SECP384R1()), _ecdsa),
    "ECC_SECP521R1": (lambda: ec.generate_private_key(ec.SECP521R1()), _ecdsa),
}


class Signer:
    """A key of a type, and a certificate of it that is good for a day. `id` is the certificate's,
    once it is somewhere."""

    def __init__(self, key_type="RSA-PSS"):
        make, self._sign = KEY_TYPES[key_type]
        self.key_type, self.id = key_type, str(uuid.uuid4())
        self._key = make()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer")])
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(name).serial_number(1)
            .not_valid_before(now - day).not_valid_after(now + day)
            .public_key(self._key.public_key())
            .sign(self._key, hashes.SHA256())
        )  # fmt: skip

    def certificate(self, encoding=serialization.Encoding.PEM):
        return self._certificate.public_bytes(encoding)

    def signed(self, data, hash_method="SHA-256"):
        """The properties of an image with that data."""
        signature = self._sign(self._key, data, HASHES[hash_method])
        return {
            "img_signature": base64.b64encode(signature).decode(),
            "img_signature_hash_method": hash_method,
            "img_signature_key_type": self.key_type,
            "img_signature_certificate_uuid": self.id,
        }
