//! RTMP as state machines for both ends: no sockets, no clock.
