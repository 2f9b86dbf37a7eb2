// SPDX-License-Identifier: Apache-2.0
#include "http/answer.h"

#include "base/compress.h"
#include "base/json_write.h"
#include "http/media.h"
#include "http/status.h"
#include "io/clock.h"

enum { GZIP_LEVEL = 1 }; // as kube-apiserver: the higher ones cost far more CPU than they save bytes

bool http_status_has_content(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void http_answer_head(struct http_site *site, const struct http_head *head, struct writer *to)
{
    const struct http_reply *reply = head->reply;
    writer_text(to, "HTTP/1.1 ");
    writer_decimal(to, (uint64_t)reply->status);
    writer_text(to, " ");
    writer_text(to, http_status_text(reply->status));
    writer_text(to, "\r\nDate: ");
    writer_text(to, http_date_at(&site->date, clock_wall_ms()));
    writer_text(to, "\r\n");
    if (head->framing != HTTP_FRAMING_NONE && reply->content_type != NULL)
        writer_format(to, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", reply->content_type);
    if (head->is_gzip)
        writer_text(to, "Content-Encoding: gzip\r\n");
    if (head->varies)
        writer_text(to, "Vary: Accept-Encoding\r\n");
    if (head->framing == HTTP_FRAMING_LENGTH) {
        writer_text(to, "Content-Length: ");
        writer_decimal(to, reply->body.bytes.size);
        writer_text(to, "\r\n");
    }
    if (head->framing == HTTP_FRAMING_CHUNKED)
        writer_text(to, "Transfer-Encoding: chunked\r\n");
    if (reply->fields != NULL)
        writer_text(to, reply->fields);
    if (head->ends)
        writer_text(to, "Connection: close\r\n");
    else if (head->minor == 0)
        writer_text(to, "Connection: keep-alive\r\n");
    writer_text(to, "\r\n");
}

void http_answer_compress(const struct http_site *site, const struct http_request *request, struct http_reply *reply,
                          struct http_head *head)
{
    if (site->gzip_above == 0 || reply->body.bytes.size <= site->gzip_above)
        return;
    head->varies = true;
    bytes_t accepted = http_header_find(request, "Accept-Encoding");
    unsigned weight = http_coding_weight(accepted, "gzip");
    if (weight == 0 || weight < http_coding_weight(accepted, "identity"))
        return;
    struct writer w = WRITER_INIT;
    if (compress_bytes_level(CODEC_GZIP, GZIP_LEVEL, reply->body.bytes, &w) != ERR_OK) {
        writer_free(&w);
        return;
    }
    slice_free(&reply->body);
    reply->body = writer_finish(&w);
    head->is_gzip = true;
}

void http_chunk_begin(size_t size, struct writer *to)
{
    writer_format(to, "%zx\r\n", size);
}

const char *http_error_plain(const struct http_error *error, struct writer *body, void *owner)
{
    (void)owner;
    if (!http_list_has(http_header_find(error->request, "Accept"), "application/json")) {
        writer_format(body, "%d %s: %s\n", error->status, http_status_text(error->status), error->message);
        return "text/plain; charset=utf-8";
    }
    struct json_writer j = json_writer_of(body);
    json_object_begin(&j);
    json_field_int(&j, "status", error->status);
    json_field_text(&j, "error", http_status_text(error->status));
    json_field_text(&j, "message", error->message);
    json_object_end(&j);
    writer_text(body, "\n");
    return "application/json";
}

struct http_reply http_answer_error(const struct http_site *site, const struct http_error *error, const char *fields)
{
    struct writer body = WRITER_INIT;
    http_error_fn *put = site->write_error == NULL ? http_error_plain : site->write_error;
    const char *content_type = put(error, &body, site->owner);
    return (struct http_reply){
        .status = error->status,
        .content_type = content_type,
        .body = writer_finish(&body),
        .fields = fields,
    };
}
