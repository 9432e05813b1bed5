//! What a distribution is and which one a host name means; plain data.
