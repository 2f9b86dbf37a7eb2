// SPDX-License-Identifier: Apache-2.0
// Events send URL, or produce BOOTSTRAP TOPIC: sends the messages of its input, one of JSON a line.
// Events receive, or consume BOOTSTRAP TOPIC COUNT: prints each event that comes.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.Encoding;
import io.cloudevents.core.message.MessageWriter;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import io.cloudevents.kafka.KafkaMessageFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

final class Events {
    private static final ObjectMapper json = new ObjectMapper();
    private static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private static synchronized void say(Map<String, ?> line) throws IOException {
        out.println(json.writeValueAsString(line));
    }

    // Events out of lines, and into lines.

    private interface Taker {
        void take(String mode, CloudEvent event) throws Exception;
    }

    private static void eachMessage(Taker taker) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            JsonNode message = json.readTree(line);
            taker.take(message.get("mode").asText(), eventOf(message.get("event")));
        }
    }

    private static CloudEvent eventOf(JsonNode tree) throws IOException {
        JsonNode attributes = tree.get("attributes");
        CloudEventBuilder builder = CloudEventBuilder.v1()
                .withId(attributes.get("id").asText())
                .withSource(URI.create(attributes.get("source").asText()))
                .withType(attributes.get("type").asText())
                .withTime(OffsetDateTime.parse(attributes.get("time").asText()));
        if (attributes.has("subject")) {
            builder.withSubject(attributes.get("subject").asText());
        }
        if (attributes.has("dataschema")) {
            builder.withDataSchema(URI.create(attributes.get("dataschema").asText()));
        }
        if (attributes.has("datacontenttype")) {
            builder.withDataContentType(attributes.get("datacontenttype").asText());
        }
        tree.get("extensions").fields().forEachRemaining(field -> addExtension(builder, field.getKey(), field.getValue()));
        JsonNode data = tree.get("data");
        if (data.has("json")) {
            builder.withData(json.writeValueAsBytes(data.get("json")));
        } else if (data.has("text")) {
            builder.withData(data.get("text").asText().getBytes(StandardCharsets.UTF_8));
        } else if (data.has("base64")) {
            builder.withData(data.get("base64").binaryValue());
        }
        return builder.build();
    }

    private static void addExtension(CloudEventBuilder builder, String name, JsonNode value) {
        if (value.isObject()) {
            builder.withExtension(name, OffsetDateTime.parse(value.get("time").asText()));
        } else if (value.isBoolean()) {
            builder.withExtension(name, value.asBoolean());
        } else if (value.isInt()) {
            builder.withExtension(name, Integer.valueOf(value.asInt()));
        } else {
            builder.withExtension(name, value.asText());
        }
    }

    private static Map<String, Object> shown(CloudEvent event) {
        var attributes = new TreeMap<String, String>();
        for (String name : event.getAttributeNames()) {
            if (event.getAttribute(name) != null) {
                attributes.put(name, event.getAttribute(name).toString());
            }
        }
        for (String name : event.getExtensionNames()) {
            attributes.put(name, event.getExtension(name).toString());
        }
        var line = new HashMap<String, Object>();
        line.put("attributes", attributes);
        line.put("data", event.getData() == null ? null : Base64.getEncoder().encodeToString(event.getData().toBytes()));
        return line;
    }

    private static String modeOf(Encoding encoding) {
        return encoding == Encoding.STRUCTURED ? "structured" : "binary";
    }

    private static void write(MessageWriter<?, ?> writer, String mode, CloudEvent event) {
        if (mode.equals("structured")) {
            writer.writeStructured(event, JsonFormat.CONTENT_TYPE);
        } else {
            writer.writeBinary(event);
        }
    }

    // HTTP

    private static int post(String url, String mode, CloudEvent event) throws IOException {
        var connection = (HttpURLConnection) new URL(url).openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        write(HttpMessageFactory.createWriter(connection::setRequestProperty, body -> {
            try (var stream = connection.getOutputStream()) {
                stream.write(body == null ? new byte[0] : body);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }), mode, event);
        return connection.getResponseCode();
    }

    private static void receive() throws Exception {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", Events::take);
        server.start();
        say(Map.of("port", server.getAddress().getPort()));
        while (System.in.read() >= 0) {
            // until whoever started this lets go
        }
        System.exit(0);
    }

    private static void take(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        try (exchange) {
            var reader = HttpMessageFactory.createReaderFromMultimap(exchange.getRequestHeaders(), exchange.getRequestBody().readAllBytes());
            CloudEvent event = reader.toEvent();
            Map<String, Object> line = shown(event);
            line.put("path", path);
            line.put("mode", modeOf(reader.getEncoding()));
            say(line);
            if (path.equals("/in")) {
                exchange.sendResponseHeaders(202, -1);
            } else {
                answer(exchange, path.substring(1), event);
            }
        } catch (RuntimeException error) {
            say(Map.of("path", path, "error", String.valueOf(error)));
            exchange.sendResponseHeaders(400, -1);
        }
    }

    private static void answer(HttpExchange exchange, String mode, CloudEvent event) {
        CloudEvent reply = CloudEventBuilder.v1(event).withId(event.getId() + "-reply").withType("reply").build();
        write(HttpMessageFactory.createWriter((name, value) -> exchange.getResponseHeaders().set(name, value), body -> {
            try {
                boolean isEmpty = body == null || body.length == 0;
                exchange.sendResponseHeaders(200, isEmpty ? -1 : body.length);
                if (!isEmpty) {
                    exchange.getResponseBody().write(body);
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }), mode, reply);
    }

    // Kafka

    private static void produce(String bootstrap, String topic) throws Exception {
        var producers = new HashMap<String, KafkaProducer<String, CloudEvent>>();
        eachMessage((mode, event) -> {
            if (!producers.containsKey(mode)) {
                var serializer = new CloudEventSerializer();
                serializer.configure(Map.of(
                        CloudEventSerializer.ENCODING_CONFIG, Encoding.valueOf(mode.toUpperCase()),
                        CloudEventSerializer.EVENT_FORMAT_CONFIG, JsonFormat.CONTENT_TYPE), false);
                producers.put(mode, new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap), new StringSerializer(), serializer));
            }
            producers.get(mode).send(new ProducerRecord<>(topic, event)).get();
        });
        producers.values().forEach(KafkaProducer::close);
    }

    private static void consume(String bootstrap, String topic, int count) throws Exception {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", bootstrap, "group.id", UUID.randomUUID().toString(), "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new CloudEventDeserializer())) {
            consumer.subscribe(List.of(topic));
            for (int found = 0; found < count; ) {
                for (ConsumerRecord<String, CloudEvent> record : consumer.poll(Duration.ofSeconds(1))) {
                    // The consumer asks no deserializer about a record without a value, which an event without data is.
                    CloudEvent event = record.value() == null
                            ? KafkaMessageFactory.createReader(record.headers(), null).toEvent()
                            : record.value();
                    Map<String, Object> line = shown(event);
                    line.put("mode", record.headers().lastHeader("ce_id") != null ? "binary" : "structured");
                    say(line);
                    found++;
                }
            }
        }
    }

    public static void main(String[] words) throws Exception {
        switch (words[0]) {
            case "send" -> eachMessage((mode, event) -> say(Map.of("status", post(words[1], mode, event))));
            case "receive" -> receive();
            case "produce" -> produce(words[1], words[2]);
            case "consume" -> consume(words[1], words[2], Integer.parseInt(words[3]));
            default -> throw new IllegalArgumentException(words[0]);
        }
    }
}
