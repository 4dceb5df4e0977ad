// Where `ledger list`, `show` and `left` get what they print: the files of this machine's installation, or a gateway's admin listener that
// answers by the role of the key in SALLYPORT_KEY. Printing is the same for both.
#pragma once

#include "cli/ledger_commands.h"
#include "cli/sealed.h"
#include "gateway/ledger_search.h"

#include <memory>
#include <string>

namespace sallyport::cli {

class LedgerSource {
public:
    virtual ~LedgerSource() = default;
    virtual Result<ledger::Page> list(const ledger::ExchangeFilter& filter, const std::string& cursor,
                                      std::size_t limit) = 0;
    virtual Result<ledger::Shown> show(const std::string& id) = 0;
    // With the files' names.
    virtual Result<ledger::LeftPage> left(const ledger::ExchangeFilter& filter, const std::string& cursor,
                                          std::size_t limit, bool apart) = 0;
    // "request" or "response" of an exchange's last attempt. Who reads it is recorded before; a gateway knows that by the key.
    virtual Result<std::string> body(const std::string& id, const std::string& which, const std::string& why,
                                     const std::string& by) = 0;
    // The next exchanges behind the cursor in whose bodies all these words are; who searches is recorded before, as above.
    virtual Result<gateway::SearchPage> search(const ledger::ExchangeFilter& filter, const std::string& cursor,
                                               std::span<const std::string> words, const std::string& why,
                                               const std::string& by) = 0;
    virtual const std::string& origin() const = 0; // of entry ids
    // Which entries witnesses sealed; a gateway says nothing of it.
    virtual Sealed sealed() const { return {}; }
};

// By --gateway, or the files. Takes the options' times. Complains and leaves the exit code where it cannot.
std::unique_ptr<LedgerSource> open_source(LedgerOptions& options, int& exit_code);

// POST to a gateway's admin listener with the key in SALLYPORT_KEY; a refusal is an error with its sentence.
Result<std::string> post_to_gateway(const std::string& url, const std::string& target);

// "name=value" behind '?' or '&', escaped.
void add_parameter(std::string& target, std::string_view name, std::string_view value);

} // namespace sallyport::cli
