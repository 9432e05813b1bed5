//! AMF0 and AMF3 values to and from bytes, with depth, count and size bounds.
