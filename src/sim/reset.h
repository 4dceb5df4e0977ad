// An Exchange hides its socket, as it should; a reset is the one fault that needs it.
#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::sim {

// Makes the close of the connection from `peer` ("127.0.0.1:4242") to our `local_port` a RST (SO_LINGER 0) instead of a FIN.
// Finds it among the open descriptors of this process; without /proc the close stays a FIN.
void reset_on_close(std::string_view peer, std::uint16_t local_port);

} // namespace sallyport::sim
