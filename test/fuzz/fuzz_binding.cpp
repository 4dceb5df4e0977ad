// What a launcher states, and bindings with their proofs, as anybody may send them.
#include "identity/binding.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport;
    static const identity::Bindings bindings{Secret(std::string(32, 'k'))};
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto stated = identity::read_statement(text)) {
        // What is read is written as something that is read as the same.
        const std::string again = identity::statement_text(*stated);
        const auto twice = identity::read_statement(again);
        if (!twice || identity::statement_text(*twice) != again) std::abort();
        identity::Binding binding;
        static_cast<identity::Statement&>(binding) = *stated;
        binding.until_ms = 1;
        const auto issued = bindings.issue(binding);
        const identity::Proven request{"POST", "/", crypto::sha256(text)};
        const auto check = bindings.check(issued.text, identity::prove(issued.secret, request, 0), request, 0);
        if (check.problem != identity::BindingProblem::none || identity::statement_text(check.binding) != again)
            std::abort();
    }
    const std::size_t line = text.find('\n');
    const std::string_view proof = line == std::string_view::npos ? std::string_view() : text.substr(line + 1);
    if (bindings.check(text.substr(0, line), proof, {"POST", "/", {}}, 0).problem == identity::BindingProblem::none)
        std::abort(); // nobody guesses one
    return 0;
}
