/** The server's bytes break the protocol or a bound: the connection is of no more use. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}
