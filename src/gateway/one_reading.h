// Heads that make the next server read another request than the one that was judged (law 2). Such a request is refused.
#pragma once

#include "http/head.h"

#include <string>

namespace sallyport::gateway {

// Empty, or what stands against the head: "its Connection header names content-encoding, …".
std::string second_reading(const http::RequestHead& head);

} // namespace sallyport::gateway
