//! Who asked: SigV4, made and verified. No IO.
