// The texts that a set of globs can tell apart: all texts fall into finitely many atoms, one for each set of patterns that some
// text matches and no other does. With them, "for every model name" is a finite question with an exact answer.
//
// Found by walking all patterns at once over their alphabet (the subset construction), so each atom comes with a shortest text.
// Patterns that overlap wildly ("*a*", "*b*", …) can have exponentially many: then there is none, and who asks must say so.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::policy {

inline constexpr std::size_t atom_states_max = 200'000;

struct Atom {
    std::string text;                    // matches exactly these
    std::vector<std::uint32_t> patterns; // indexes, in their order
};

// All of them, the empty text's first. Nothing where there are more than atom_states_max states to look at.
std::optional<std::vector<Atom>> atoms_of(std::span<const std::string> patterns);

} // namespace sallyport::policy
