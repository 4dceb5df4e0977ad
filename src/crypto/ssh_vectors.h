// For tests: SSH keys of each kind with a signature each, in base64.
#pragma once

#include <string_view>

namespace sallyport::crypto {

// Keys and signatures by ssh-keygen -Y sign (OpenSSH 9.2) of the text "signed text" in the namespace "test"; what it signs is ssh_vectors_data
// (OpenSSH's PROTOCOL.sshsig).
struct SshVector {
    std::string_view kind, key, signature;
};
inline constexpr SshVector ssh_vectors[] = {
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIG55Vc78yQhzcH7eBubL0TTf3NXsuGmMnr5IUvzeS4pX",
     "AAAAC3NzaC1lZDI1NTE5AAAAQHZwpE1r9A/L2eO3wcTW1RMaelYtPwNzjWKsPhvpAbPE6bYILNJwiynhAZ0RP+EO9mYx6jtjMOr6t2zJ2FNSwA"
     "g="},
    {"ecdsa-sha2-nistp256",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJs/oJ0CRq5x8Yst0nfh1519RB9kewOyQwifhPX9GVGRm5/XdWYKkS3I0d"
     "P3wo4Rkvhwnpl/2DxZZWMDUoBCtfI=",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAABJAAAAIQCdzcWZoFHEKRjVxL42rW2XqD7TwgUgTdMPMQcMFo4bLgAAACBTv48I8iMX6kV/zZHNvK"
     "LceKQWBfbuii5CetOCL99hpQ=="},
    {"ecdsa-sha2-nistp384",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBHwN28HtcM1gSar0fn/+R7fQxNi8gcxU5YYIkoXSuw7bWAeNPrc7EPdASA"
     "exaM2AyHzYDEhDZRnOQ+z97eWIFXxwOizvpWIn3bAARLv8/YybL6jdr7FVO3Y0EWMfoVHuOw==",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAABpAAAAMQDwq5nrPnxW9lFx2B3oNxuZtt/aqYWNZQEWIG/hr68MzHmjLKipNXNO3M9Swm8HyhEAAA"
     "AwBcYY4CR4MzB0jHHGUWqCOdIz8pBCsmwdd8AAxj5zIfrLZyY60JxFHZxtOX6Hsj9F"},
    {"ecdsa-sha2-nistp521",
     "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBADeFnq0kSaKU0r/uE4vrv0E4FaCWLBW0v0C5CbsJcUNbMbn6vtkbfNLPk"
     "XvAgPfWZ6pQeJ5DgdodFf38yZNEZssNgDELIYGQ8rK4/LBnIT4g+ZNDqTSUGLUxYZNO2rY8Xv6cTMW+2/TBbFnvxdpnEakbnD+5+8fXdUYeZ4L"
     "YpKy5jOBqg==",
     "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAACLAAAAQgDF+Bn+vxK52z5j6xUs8/q9yZZ60bg5vxVxhP31OR7GVeBhT3Ed5wWuT928N2nD2vlzlV"
     "NNl9s23DGulx0AXUtpXwAAAEE8i/1EV3BnqMFoMemCvAczYpMA8CcB8cnJdQgotrNI1uZry39Lkgu/zjrOckvdRx7NhopgBGiIY8lVgnmN9oRp"
     "6g=="},
    {"ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAABAQDHtpVEr/zLv5wv5DNDSkswCpPmjNUZR2Ia7EVRRoH2xsD+6t4zEaxyaCbiiPWmJDO461Uzt1FUv6q767"
     "lkT5lG3iK3g8EFz2lgPY3YZl/fpEEBf0WpLkFKY5wB3YpoXjrT4fLOKFZVdAFwFGyZz5l8xv3/WTFNuDdynTZvwOAZqnr2M0baAkWB67YcAUXS"
     "YEc9G6+9kPlyMexAQWPlli80XKcUo4IAPrAUaNCRYspZoGRqNN8wUMhG9pASpwuov6q1Ramd69gCf9DN9Eq1NYeUSWlE6ms0FdHcx0+WvzRCPO"
     "2BrHHwc9lkNN/0ZQytf3zvQpTnlivKbmJaRg0bLVGx",
     "AAAADHJzYS1zaGEyLTUxMgAAAQC7hPXwAO6wf4yj4Gf2SK6EuyB/I7B5//TP/bPvief8f8DBt8jWQVOom6S0S76UT+N7Ft2nQh/9y6ouzrbwIL"
     "QzJdbPF3U2tQwwpk+CS9HyHzm4akK3I9gN8hnN+bAj9hgn9ZUOcpM65gfCplU82BRFfm7jYDLf+q2D7wCt9cXZiNcoicIe4t1jFousJ3B+zvic"
     "dcKP3O2KVw1JU5W3w7acE3fAuvH0NM16Daow4WliunDUiDck1N9QaBlhuM/ESXATvK2xZtj8PAuSqS0Tr0NUB9ru31ht2MCNa8Pp34nCW43GsV"
     "YVBaf+jc6Vorw060/vRgYqAJezD5BjQvhNSoWy"}};
inline constexpr std::string_view ssh_vectors_data =
    "U1NIU0lHAAAABHRlc3QAAAAAAAAABnNoYTUxMgAAAEBU0JwfWjjiC99BPHQ/yk2ev0iqheiGFMB4tfX30hia9M2lvFaDSLvcjCidP47kyyZpmM"
    "hz3RV1swdISntE3SrD";

} // namespace sallyport::crypto
