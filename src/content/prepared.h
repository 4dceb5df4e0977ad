// Hyperscan databases of the packs that come with the program. Compiling them takes seconds, so it is done when the program is built
// (prepare/prepare_rules.cpp); what is not there, or not for this CPU, is compiled when it is needed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::content {

struct Prepared {
    std::string_view name; // prepared_name() of the patterns
    std::string_view bytes;
    std::span<const std::uint32_t> widths; // the longest match of each pattern; 0: it is not in the database
};

// Fastest first. Only the program itself has them; elsewhere this is null.
[[gnu::weak]] std::span<const Prepared> prepared_databases();

// Of the patterns, in the order of their numbers, and the engine.
std::string prepared_name(std::span<const std::string> patterns, std::string_view engine);

} // namespace sallyport::content
