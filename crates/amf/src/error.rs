//! What can be wrong with bytes that should be AMF.

/// A fault in AMF bytes, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("AMF: {kind} at byte {offset}")]
pub struct Error {
    /// Offset in bytes from the start of the slice that was decoded.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ErrorKind,
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// The bytes end inside a value.
    #[error("the value is cut short")]
    Truncated,
    /// A marker byte that the specification reserves or does not define.
    #[error("marker 0x{0:02x} is not a value")]
    UnknownMarker(u8),
    /// A reference (AMF0 marker 07, AMF3 index) to something that was not sent before.
    #[error("reference {0} points at nothing")]
    BadReference(u32),
    /// An externalizable AMF3 object: its bytes have a meaning only its own class knows.
    #[error("externalizable objects can't be read without their class")]
    Externalizable,
    /// Nested deeper than [`crate::Limits::depth`].
    #[error("values are nested too deep")]
    TooDeep,
    /// More values than [`crate::Limits::values`].
    #[error("too many values")]
    TooMany,
    /// An object without its end marker `00 00 09`.
    #[error("the object's end marker is missing")]
    NoEnd,
}
