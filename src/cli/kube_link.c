// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_link.h"

#include "base/mem.h"
#include "base/version.h"
#include "base/writer.h"
#include "cli/cli.h"
#include "cli/curl_library.h"
#include "io/file.h"
#include "io/system.h"

#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 10000, SILENCE_MAX_S = 60, CREDENTIAL_SIZE_MAX = 1 << 20 };
enum { ANSWER_SIZE_MAX = 256 << 20 }; // of a page, or of a line of a watch

struct kube_link {
    const struct curl_library *library;
    CURL *curl;
    const char *server; // without a slash at its end
    bool has_token;
    char *authorization; // a header
    struct arena arena;  // of all of these
    char complaint[CURL_ERROR_SIZE];
    // Of the request that is under way.
    struct writer body;
    kube_line_fn *on_line;
    void *owner;
    bool is_enough; // ON_LINE wants no more
};

// --- opening

static bool is_url(const char *text)
{
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

static bool is_loopback(const char *server)
{
    static const char *const hosts[] = { "localhost", "127.", "[::1]" };
    const char *host = strstr(server, "://") + 3;
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++)
        if (strncmp(host, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

// Its bytes are in the arena, or the kubeconfig's.
static err_t credential_load(struct kube_link *link, const struct kube_credential *credential, bytes_t *ret_data,
                             diag_t *diag)
{
    *ret_data = credential->data;
    if (credential->path == NULL)
        return ERR_OK;
    struct buf *buf;
    err_t err = file_read_whole(credential->path, CREDENTIAL_SIZE_MAX, &buf);
    if (err != ERR_OK)
        return diag_fail(diag, ERR_INVALID, credential->path, "the kubeconfig names this file: %s", err_text(err));
    *ret_data = arena_copy(&link->arena, bytes_of(buf->data, buf->capacity));
    buf_unref(buf);
    return ERR_OK;
}

static void set_blob(struct kube_link *link, CURLoption option, bytes_t data)
{
    if (data.size == 0)
        return;
    struct curl_blob blob = { .data = arena_text(&link->arena, data), .len = data.size, .flags = CURL_BLOB_COPY };
    (void)link->library->easy_setopt(link->curl, option, &blob);
}

static err_t credentials_set(struct kube_link *link, const struct kube_config *config, diag_t *diag)
{
    bytes_t authority, certificate = BYTES_NULL, key = BYTES_NULL, token = BYTES_NULL;
    err_t err = credential_load(link, &config->authority, &authority, diag);
    if (err == ERR_OK)
        err = credential_load(link, &config->certificate, &certificate, diag);
    if (err == ERR_OK)
        err = credential_load(link, &config->key, &key, diag);
    if (err == ERR_OK)
        err = credential_load(link, &config->token, &token, diag);
    if (err != ERR_OK)
        return err;
    set_blob(link, CURLOPT_CAINFO_BLOB, authority);
    set_blob(link, CURLOPT_SSLCERT_BLOB, certificate);
    set_blob(link, CURLOPT_SSLKEY_BLOB, key);
    while (token.size > 0 && (token.data[token.size - 1] == '\n' || token.data[token.size - 1] == '\r'))
        token.size--;
    // A token in the clear is for everybody on the way to read; kubectl sends none over plain HTTP, either.
    bool is_private = strncmp(link->server, "https://", 8) == 0 || is_loopback(link->server);
    link->has_token = token.size > 0 && is_private;
    if (link->has_token)
        link->authorization = arena_format(&link->arena, "Authorization: Bearer %.*s", BYTES_ARG(token));
    if (config->is_insecure) {
        (void)link->library->easy_setopt(link->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)link->library->easy_setopt(link->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return ERR_OK;
}

err_t kube_link_open(const struct kube_config *config, struct kube_link **ret_link, diag_t *diag)
{
    if (config->server == NULL || !is_url(config->server))
        return diag_fail(diag, ERR_INVALID, config->server == NULL ? "--server" : config->server,
                         "the server is named as https://HOST:PORT");
    const struct curl_library *library;
    err_t err = curl_library_load(&library, diag);
    if (err != ERR_OK)
        return err;
    struct kube_link *link = mem_zalloc(1, sizeof *link);
    link->library = library;
    size_t size = strlen(config->server);
    while (config->server[size - 1] == '/')
        size--;
    link->server = arena_text(&link->arena, bytes_of(config->server, size));
    link->body.limit = ANSWER_SIZE_MAX;
    link->curl = library->easy_init();
    ASSERT(link->curl != NULL);
    (void)library->easy_setopt(link->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)library->easy_setopt(link->curl, CURLOPT_USERAGENT, "eddy/" EDDY_VERSION);
    (void)library->easy_setopt(link->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)library->easy_setopt(link->curl, CURLOPT_ACCEPT_ENCODING, "");
    (void)library->easy_setopt(link->curl, CURLOPT_ERRORBUFFER, link->complaint);
    if (is_loopback(link->server)) // as kubectl does: no proxy of the environment stands in between
        (void)library->easy_setopt(link->curl, CURLOPT_PROXY, "");
    err = credentials_set(link, config, diag);
    if (err == ERR_OK)
        *ret_link = link;
    else
        kube_link_close(link);
    return err;
}

void kube_link_close(struct kube_link *link)
{
    if (link == NULL)
        return;
    link->library->easy_cleanup(link->curl);
    writer_free(&link->body);
    arena_free(&link->arena);
    free(link);
}

// --- the answer as it comes in

// Hands over the lines that have ended, keeps the rest.
static void give_lines(struct kube_link *link)
{
    bytes_t rest = writer_view(&link->body);
    const uint8_t *lf;
    while (!link->is_enough && rest.size > 0 && (lf = memchr(rest.data, '\n', rest.size)) != NULL) {
        bytes_t line = bytes_of(rest.data, (size_t)(lf - rest.data));
        rest = bytes_of(lf + 1, rest.size - line.size - 1);
        if (line.size > 0)
            link->is_enough = !link->on_line(link->owner, line);
    }
    if (rest.size > 0)
        memmove(link->body.buf->data, rest.data, rest.size);
    link->body.size = rest.size;
}

static int status_of(const struct kube_link *link)
{
    long status = 0;
    (void)link->library->easy_getinfo(link->curl, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner)
{
    struct kube_link *link = owner;
    writer_bytes(&link->body, bytes_of(data, size * count));
    if (link->on_line != NULL && link->body.err == ERR_OK && status_of(link) < 300)
        give_lines(link);
    return link->is_enough || link->body.err != ERR_OK ? 0 : size * count;
}

// A warning of the server (RFC 9111 5.5, code 299): 'Warning: 299 - "text"'. It is shown as kubectl does.
static size_t on_header(char *data, size_t size, size_t count, void *owner)
{
    static const char start[] = "warning: 299 ";
    (void)owner;
    size_t all = size * count;
    if (all < sizeof start || strncasecmp(data, start, sizeof start - 1) != 0)
        return all;
    const char *open = memchr(data, '"', all), *close = memrchr(data, '"', all);
    if (open == NULL || close <= open)
        return all;
    struct writer out = WRITER_INIT;
    struct arena arena = ARENA_INIT;
    bytes_t text = bytes_of(open + 1, (size_t)(close - open - 1));
    writer_format(&out, "Warning: %s\n", cli_shown(&arena, text));
    (void)system_write_err(writer_view(&out));
    arena_free(&arena);
    writer_free(&out);
    return all;
}

// --- what a failure means

static const char *unreached_text(CURLcode code)
{
    switch ((int)code) {
    case CURLE_COULDNT_CONNECT:
        return "nobody listens there. `eddy serve` starts a server; --server, --kubeconfig and --data name another one";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "there is no host of this name";
    case CURLE_OPERATION_TIMEDOUT:
        return "no answer came in time";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not the one that the kubeconfig trusts: is it the server of another data folder? "
               "`eddy serve` writes a kubeconfig into its own";
    case CURLE_SSL_CONNECT_ERROR:
        return "what answers there does not speak TLS";
    default:
        return NULL;
    }
}

static err_t explain_unreached(struct kube_link *link, CURLcode code, struct arena *arena, struct kube_answer *answer)
{
    const char *text = unreached_text(code);
    if (link->body.err != ERR_OK)
        text = "the answer is larger than a command takes (256 MB)";
    if (text == NULL)
        text = link->complaint[0] != '\0' ? link->complaint : link->library->easy_strerror(code);
    answer->status = 0;
    answer->message = arena_format(arena, "%s: %s", link->server, text);
    return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_CLOSED;
}

static err_t err_of_status(const struct kube_answer *answer)
{
    switch (answer->status) {
    case 400:
    case 422:
        return ERR_INVALID;
    case 401:
    case 403:
        return ERR_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    case 409:
        return bytes_is(answer->reason, "AlreadyExists") ? ERR_EXISTS : ERR_CONFLICT;
    default:
        return ERR_REFUSED;
    }
}

static const char *unauthorized_text(const struct kube_link *link)
{
    return link->has_token
               ? "the server does not know the token (401): is the kubeconfig of another data folder, or of "
                 "before the token was changed? `eddy serve` writes a new one at every start"
               : "the server wants a token (401): --kubeconfig or --data names a kubeconfig that has one";
}

static err_t explain_refusal(const struct kube_link *link, struct arena *arena, struct kube_answer *answer)
{
    bytes_t message = json_text_at(answer->tree, "message");
    answer->reason = json_text_at(answer->tree, "reason");
    if (answer->status == 401)
        answer->message = unauthorized_text(link);
    else if (message.size == 0)
        answer->message = arena_format(arena, "%s answered %d without saying why: does it serve the Kubernetes API?",
                                       link->server, answer->status);
    else
        answer->message = arena_text(arena, message);
    return err_of_status(answer);
}

// --- requests

static struct curl_slist *headers_of(const struct kube_link *link, const struct kube_request *request,
                                     struct arena *arena)
{
    const char *accept = request->accept == NULL ? "application/json" : request->accept;
    const char *type = request->content_type == NULL ? "application/json" : request->content_type;
    struct curl_slist *list = link->library->slist_append(NULL, arena_format(arena, "Accept: %s", accept));
    if (link->authorization != NULL)
        list = link->library->slist_append(list, link->authorization);
    if (request->body.data != NULL) {
        list = link->library->slist_append(list, arena_format(arena, "Content-Type: %s", type));
        list = link->library->slist_append(list, "Expect:"); // no round trip before the body
    }
    return list;
}

static CURLcode perform(struct kube_link *link, const struct kube_request *request, struct arena *arena)
{
    const struct curl_library *library = link->library;
    CURL *curl = link->curl;
    bool has_body = request->body.data != NULL, is_watch = link->on_line != NULL;
    struct curl_slist *headers = headers_of(link, request, arena);
    (void)library->easy_setopt(curl, CURLOPT_URL, arena_format(arena, "%s%s", link->server, request->path));
    (void)library->easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)library->easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (has_body) {
        (void)library->easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        (void)library->easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    }
    (void)library->easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    (void)library->easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)library->easy_setopt(curl, CURLOPT_WRITEDATA, link);
    (void)library->easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)library->easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, is_watch ? 0L : 1L);
    (void)library->easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, is_watch ? 0L : (long)SILENCE_MAX_S);
    link->complaint[0] = '\0';
    CURLcode code = library->easy_perform(curl);
    library->slist_free_all(headers);
    return code;
}

static void tree_read(struct kube_link *link, struct arena *arena, struct kube_answer *answer)
{
    bytes_t text = arena_copy(arena, writer_view(&link->body));
    const struct json_limits limits = { .size = text.size, .values = text.size };
    if (text.size == 0 || json_parse(text, &limits, arena, &answer->tree, NULL) != ERR_OK)
        answer->tree = NULL;
}

err_t kube_link_follow(struct kube_link *link, const struct kube_request *request, kube_line_fn *on_line, void *owner,
                       struct arena *arena, struct kube_answer *ret_answer)
{
    *ret_answer = (struct kube_answer){ 0 };
    link->on_line = on_line;
    link->owner = owner;
    link->is_enough = false;
    writer_reset(&link->body);
    CURLcode code = perform(link, request, arena);
    ret_answer->status = status_of(link);
    if (link->is_enough)
        return ERR_OK;
    if (code != CURLE_OK)
        return explain_unreached(link, code, arena, ret_answer);
    tree_read(link, arena, ret_answer);
    return ret_answer->status >= 200 && ret_answer->status < 300 ? ERR_OK : explain_refusal(link, arena, ret_answer);
}

err_t kube_link_call(struct kube_link *link, const struct kube_request *request, struct arena *arena,
                     struct kube_answer *ret_answer)
{
    return kube_link_follow(link, request, NULL, NULL, arena, ret_answer);
}
