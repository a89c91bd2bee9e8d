//! The providers' APIs on loopback.
