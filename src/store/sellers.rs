//! Sellers of listings that were not flagged are kept only as a keyed hash: enough to see that two offers have one seller,
//! not who that is. The key is made once for each data folder.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{StoreError, journal, unusable};
use crate::listing::Seller;

const KEY: usize = 32;
/// In front of the hash, so that it is never taken for a marketplace's number.
const MARK: &str = "hmac:";

/// The key of a data folder.
#[derive(Clone)]
pub(super) struct SellerKey([u8; KEY]);

impl SellerKey {
    /// Reads the folder's key, or makes one that only the owner can read.
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("seller.key");
        let mut key = [0; KEY];
        match File::open(&path) {
            Ok(mut file) => {
                // A file that is shorter was being made when the process died; nothing was hashed with it yet.
                if file.read_exact(&mut key).is_ok() {
                    return Ok(Self(key));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable("read", &path, error)),
        }
        let random = Path::new("/dev/urandom");
        File::open(random)
            .and_then(|mut random| random.read_exact(&mut key))
            .map_err(|error| unusable("read", random, error))?;
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()))
            .map_err(|error| unusable("write", &path, error))?;
        Ok(Self(key))
    }

    /// The seller without name and address. The same seller of one source always gets the same id.
    pub(super) fn veiled(&self, source: &str, seller: &Seller) -> Seller {
        let Seller { name, url, id } = seller;
        let veiled = id.as_ref().is_some_and(|id| id.starts_with(MARK));
        match id.as_ref().or(url.as_ref()).or(name.as_ref()) {
            Some(known) if veiled => Seller { name: None, url: None, id: Some(known.clone()) },
            Some(known) => {
                let hash = self.hmac(format!("{source}\0{known}").as_bytes());
                Seller { name: None, url: None, id: Some(MARK.to_owned() + &journal::hex(&hash)) }
            }
            None => Seller::default(),
        }
    }

    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC accepts keys of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seller(name: &str, id: Option<&str>) -> Seller {
        Seller { name: Some(name.to_owned()), url: None, id: id.map(str::to_owned) }
    }

    #[test]
    fn the_hash_is_hmac_sha_256() {
        // Computed with `openssl dgst -sha256 -mac HMAC -macopt hexkey:0b…0b` (32 bytes) over "Hi There".
        let hash = SellerKey([0x0b; KEY]).hmac(b"Hi There");
        assert_eq!(journal::hex(&hash), "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    }

    #[test]
    fn one_seller_keeps_one_hash_and_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let key = SellerKey::open(dir.path()).unwrap();
        let veiled = key.veiled("shop", &seller("Anna Muster", Some("s1")));
        assert_eq!((&veiled.name, &veiled.url), (&None, &None));
        let again = SellerKey::open(dir.path()).unwrap();
        assert_eq!(again.veiled("shop", &seller("A. Muster", Some("s1"))), veiled, "the id decides");
        assert_eq!(again.veiled("shop", &veiled), veiled, "a hash is not hashed again");
        assert_ne!(again.veiled("other", &seller("Anna Muster", Some("s1"))), veiled);
        assert_ne!(SellerKey([7; KEY]).veiled("shop", &seller("Anna Muster", Some("s1"))), veiled);
        assert_eq!(again.veiled("shop", &Seller::default()), Seller::default());
    }
}
