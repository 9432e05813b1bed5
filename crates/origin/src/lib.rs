//! Reads a named version of an object by range from S3, a folder or memory, and says which side failed.
