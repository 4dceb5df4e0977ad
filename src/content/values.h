// What a found value is like: how random, whether somebody's placeholder, whether program text. Pure; thread-safe; no allocation.
#pragma once

#include <string_view>

namespace sallyport::content {

// Shannon entropy of the bytes, in bits per byte, as gitleaks computes it. 0 for an empty value.
double entropy(std::string_view value);

// Stands where a secret would: EXAMPLE, changeme, xxxx, ${VAR}, <your-key>, an environment look-up, repeated or sequential
// characters. A random value of 16 characters or more is taken for one less than once in 10,000.
bool is_placeholder(std::string_view value);

// Program text rather than a value: a call, a member, a path, a type, a plain word or words in one of the usual spellings. Meant for
// assignments whose left side alone says "secret".
bool is_code(std::string_view value);

using ValueTest = bool (*)(std::string_view value);

// The tests that `unless` in a rule file may name: "placeholder", "code". Null where there is none of that name.
ValueTest find_value_test(std::string_view name);

} // namespace sallyport::content
