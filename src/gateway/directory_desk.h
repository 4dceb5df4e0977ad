// The company's directory tells who is there and who has left, by SCIM 2.0 (RFC 7644) on the admin listener, with the token of
// sallyport.yaml (scim). Of a person only the name they sign in with is kept, sealed; the id is its pseudonym.
//   GET /scim/v2/ServiceProviderConfig, /ResourceTypes    POST, GET /scim/v2/Users    GET, PUT, PATCH, DELETE /scim/v2/Users/ID
#pragma once

#include "gateway/config.h"
#include "gateway/directory_words.h"
#include "http/exchange.h"
#include "identity/pseudonym.h"
#include "net/workers.h"
#include "store/state.h"

#include <functional>
#include <memory>
#include <string>

namespace sallyport::gateway {

inline constexpr std::string_view directory_path = "/scim/v2/";
inline constexpr std::size_t directory_body_bytes_max = 256 * 1024, directory_page_max = 200;

class DirectoryDesk {
public:
    // All of them outlive the desk. `changed`: who may call is another one now; on the loop.
    struct Parts {
        store::State& state;
        identity::Pseudonyms& pseudonyms;
        std::function<std::shared_ptr<const Config>()> config;
        std::function<void()> changed;
    };
    explicit DirectoryDesk(Parts parts) : parts_(std::move(parts)), workers_(1) {}
    void finish() { workers_.finish(); } // before the loop's tasks are abandoned

    net::Task<void> answer(http::Exchange& exchange); // on one loop

private:
    struct Reply {
        int status = 200;
        std::string body;
        std::string location;
    };
    struct Asked {
        std::string method, id, query, base, body; // `id`: empty where all users are asked for
    };
    // On a worker.
    Reply reply(const Asked& asked);
    Result<Reply> users(const Asked& asked);
    Result<Reply> create(const Asked& asked);
    Result<Reply> change(const Asked& asked, store::PersonRecord person);
    Result<void> keep(const store::PersonRecord& before, const store::PersonRecord& now);
    Result<std::string> resource(const store::PersonRecord& person, const std::string& base);

    Parts parts_;
    net::Workers workers_;
};

} // namespace sallyport::gateway
