// Placeholders of one exchange back to what they stand for, in what the model wrote. Knows only what was redacted in the request that is
// answered: a placeholder of another exchange, person or installation is a text like any other.
#pragma once

#include "base/secret.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::content {

struct Replacement {
    std::string placeholder;
    Secret value; // free of escapes
};

class Restorer {
public:
    explicit Restorer(std::vector<Replacement> replacements) : replacements_(std::move(replacements)) {}
    bool empty() const { return replacements_.empty(); }

    // Appends the inside of a JSON string with the values in place of the placeholders, as texts of that string, or of strings of the
    // JSON in it (`inside_json` deep). How many there were.
    std::size_t restore(std::string_view raw, unsigned inside_json, std::string& out) const;
    // The same of a text that people read, but never within an address: who shows the text may fetch it, and so tell the value to whoever
    // the address belongs to. `word`: what stands before `raw` without a blank between; then what ends `out`.
    std::size_t restore_outside_addresses(std::string_view raw, unsigned inside_json, std::string& out,
                                          std::string& word) const;
    // How many bytes at the end may be the beginning of a placeholder that goes on elsewhere.
    std::size_t begun_at_end(std::string_view raw) const;

private:
    template <class May>
    std::size_t restore_where(std::string_view raw, unsigned inside_json, std::string& out, May may) const;
    std::vector<Replacement> replacements_;
};

} // namespace sallyport::content
