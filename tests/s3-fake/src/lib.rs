//! For tests only: a small S3 on loopback that misbehaves on request.
