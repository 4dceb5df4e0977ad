// An immutable value and its version, as read at one moment. Copies share the value; any thread may read it.
#pragma once

#include <cstdint>
#include <memory>

namespace sallyport::store {

template <class T> struct Snapshot {
    std::shared_ptr<const T> value;
    std::uint64_t version = 0; // grows with each change of T, never falls
};

} // namespace sallyport::store
