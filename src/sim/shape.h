// What is left of an answer under a fault, before it is sent.
#pragma once

#include "sim/answer.h"
#include "sim/faults.h"

namespace sallyport::sim {

struct Shaped {
    Composed events;
    std::size_t middle = 0; // where stall and ping strike
    bool finishes = true;   // else the connection is cut behind the last byte
};

Shaped shape(const Composed& answer, bool streams, const Fault&, std::string_view error_event);

// One body, cut in two in the middle.
Composed whole(std::string bytes);

// The next piece of a write that must end where nobody expects it: inside events, lines and characters. `turn` counts up.
std::string_view odd_piece(std::string_view bytes, std::size_t turn);

} // namespace sallyport::sim
