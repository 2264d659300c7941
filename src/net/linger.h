// The orderly end of a connection whose peer may still be sending.
#pragma once

#include "net/stream.h"
#include "net/task.h"

namespace cardea::net {

// Ends our direction after what is queued, then reads and drops what the peer still sends, until it ends too
// or kLingerTimeout or kLingerBytesMax is reached: closing at once would reset the connection and could
// destroy our last bytes on their way (RFC 9112 §9.6). Does nothing if the peer has ended already. The caller
// closes the stream.
Task<void> linger(Stream& stream);

}  // namespace cardea::net
