// Everything that inspection looks for, compiled once: part of the world that an exchange sees.
#pragma once

#include "content/finding.h"
#include "content/secret_scanner.h"

#include <memory>
#include <string>
#include <string_view>

namespace sallyport::content {

struct Rules {
    std::shared_ptr<const SecretRules> secrets;

    // "aws-access-key-id"
    std::string_view rule_name(const Found& found) const;
    std::string digest() const; // of all rules: what was found under others does not count

    // The rules that come with the program.
    static Result<std::shared_ptr<const Rules>> built_in();
};

} // namespace sallyport::content
