// Answers questions to the ledger (ledger_question.h) that come to the admin listener, each by the key in its Authorization header. Entries,
// bodies and tiles are read on threads of their own, a few at a time: the loop only takes the question and sends the answer.
#pragma once

#include "gateway/ledger_question.h"
#include "http/exchange.h"
#include "identity/installation.h"
#include "identity/pseudonym.h"
#include "net/workers.h"
#include "store/body_keys.h"
#include "store/state.h"

#include <functional>
#include <memory>
#include <string>

namespace sallyport::gateway {

class LedgerDesk {
public:
    // All of them outlive the desk. `keys`: those in force; nothing where they could not be confirmed lately.
    struct Parts {
        const identity::Installation& installation;
        store::State& state;
        identity::Pseudonyms& pseudonyms;
        store::BodyKeys& body_keys;
        std::function<std::shared_ptr<const identity::KeyTable>()> keys;
    };
    explicit LedgerDesk(Parts parts);
    void finish() { workers_.finish(); } // before the loop's tasks are abandoned

    net::Task<void> answer(http::Exchange& exchange); // on one loop

    struct Reply {
        int status = 200;
        std::string_view type = "application/json"; // a literal
        std::string body;
    };

private:
    Reply reply(const LedgerQuestion& question, const Asker& asker); // on a worker
    Parts parts_;
    crypto::SealingKey wrapping_;
    net::Workers workers_;
    unsigned under_way_ = 0; // of the loop
};

} // namespace sallyport::gateway
