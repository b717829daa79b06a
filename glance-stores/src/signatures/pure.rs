//! What aws-lc-rs does not verify: DSA, and RSA-PSS over SHA-224, by crates of RustCrypto. Only public
//! keys are at work here, so that it does not matter how long anything takes.

use dsa::{BoxedUint, Components};
use rsa::pss::Signature as PssSignature;
use rsa::sha2::{Digest, Sha224};
use rsa::signature::hazmat::PrehashVerifier;
use rsa::traits::PublicKeyParts;
use x509_cert::der::asn1::{Any, AnyRef, UintRef};
use x509_cert::der::{self, Decode, Reader};

/// A key of DSA, of 2048 or 3072 bits.
#[derive(Debug, Clone)]
pub(super) struct DsaKey(dsa::VerifyingKey);

impl DsaKey {
    /// The key of a certificate, by its parameters (RFC 3279, 2.3.2); `None` for one of another size,
    /// or whose numbers do not belong together.
    pub(super) fn of(parameters: &Any, key: &[u8]) -> Option<Self> {
        let [p, q, g] = integers(parameters.into()).ok()?;
        let y = UintRef::from_der(key).ok()?;
        let bits = 8 * u32::try_from(p.as_bytes().len()).ok()?;
        let is_of_a_size = SIZES.contains(&(p.as_bytes().len(), q.as_bytes().len()));
        if !is_of_a_size || y.as_bytes().len() > p.as_bytes().len() {
            return None;
        }
        // Numbers below `p` have to be as wide.
        let as_wide = |number: UintRef<'_>| BoxedUint::from_be_slice(number.as_bytes(), bits).ok();
        let (p, g, y) = (as_wide(p)?, as_wide(g)?, as_wide(y)?);
        if y >= p {
            return None;
        }
        let q = BoxedUint::from_be_slice_vartime(q.as_bytes());
        let components = Components::from_components(p, q, g).ok()?;
        let key = dsa::VerifyingKey::from_components(components, y).ok()?;
        Some(Self(key))
    }

    /// Whether a signature is one of data with this hash.
    pub(super) fn verify(&self, hash: &[u8], signature: &[u8]) -> bool {
        // The numbers of a longer one are no smaller than `q`.
        signature.len() <= LONGEST_DSA
            && dsa::Signature::try_from(signature)
                .is_ok_and(|signature| self.0.verify_prehash(hash, &signature).is_ok())
    }
}

/// Whether a signature by RSA-PSS, with the longest salt, is one of data with this hash of SHA-224.
pub(super) fn verify_rsa_pss_sha224(key: &[u8], hash: &[u8], signature: &[u8]) -> bool {
    let Some(key) = rsa_key(key) else {
        return false;
    };
    let Ok(signature) = PssSignature::try_from(signature) else {
        return false;
    };
    // RFC 8017, 9.1.1.
    let encoded = (key.n().bit_width() as usize - 1).div_ceil(8);
    let salt = encoded.checked_sub(Sha224::output_size() + 2);
    salt.is_some_and(|salt| {
        rsa::pss::VerifyingKey::<Sha224>::new_with_salt_len(key, salt)
            .verify_prehash(hash, &signature)
            .is_ok()
    })
}

fn rsa_key(bytes: &[u8]) -> Option<rsa::PublicKey> {
    let [n, e] = integers(AnyRef::from_der(bytes).ok()?).ok()?;
    let [n, e] = [n, e].map(|number| BoxedUint::from_be_slice_vartime(number.as_bytes()));
    rsa::PublicKey::new(n, e).ok()
}

/// A sequence of so many numbers and nothing else.
fn integers<const N: usize>(sequence: AnyRef<'_>) -> der::Result<[UintRef<'_>; N]> {
    sequence.sequence(|reader| {
        let mut numbers = Vec::with_capacity(N);
        for _ in 0..N {
            numbers.push(reader.decode()?);
        }
        let length = reader.position();
        numbers
            .try_into()
            .map_err(|_| der::ErrorKind::Failed.at(length))
    })
}

/// Bytes of `p` and of `q` (FIPS 186-4, 4.2), but for those that are as weak as RSA under 2048 bits.
const SIZES: [(usize, usize); 3] = [(256, 28), (256, 32), (384, 32)];

/// Two numbers of 33 bytes, and what stands before them.
const LONGEST_DSA: usize = 2 + 2 * (2 + 33);
