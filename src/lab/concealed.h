// Literals that do not say what they say: base64, hexadecimal, lists of character codes, escapes, pieces that are put together, texts that
// stand backwards or with turned letters; under that, a key or zlib (decipher.h). What comes out is a finding. One thread.
#pragma once

#include "lab/findings.h"
#include "lab/literals.h"

#include <map>
#include <string>
#include <string_view>

namespace sallyport::lab {

class Concealed {
public:
    Concealed(std::string_view text, Findings& findings) : text_(text), findings_(findings) {}
    void see(const Literal& literal, const std::string& value);
    void see_numbers(std::size_t bracket, const Numbers& numbers);
    // Text without quotation marks around it, as compilers leave it in a binary.
    void see_run(std::size_t at, std::string_view run);

    // What could be looked at and said nothing: digests and the like, by the number of their hexadecimal digits.
    const std::map<std::size_t, std::uint64_t>& digests() const { return digests_; }

private:
    void see_encoded(std::size_t at, std::string_view value, bool in_source);
    void see_escaped(const Literal& literal);
    void see_pieces(const Literal& literal);
    void see_backwards(const Literal& literal, const std::string& value);
    void report(std::size_t at, std::size_t size, struct Deciphered found, std::string encoding, Confidence unkeyed);

    std::string_view text_;
    Findings& findings_;
    std::map<std::size_t, std::uint64_t> digests_;
};

} // namespace sallyport::lab
