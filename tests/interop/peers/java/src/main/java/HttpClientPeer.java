import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;

/** The interop talk by the client of the JDK. */
final class HttpClientPeer implements Talk.Library {
    public static void main(String[] arguments) throws Exception {
        Talk.main(new HttpClientPeer(), arguments);
    }

    @Override
    public String version() {
        return "of the JDK";
    }

    @Override
    public int serve(boolean deflate) {
        throw new UnsupportedOperationException("it is a client only");
    }

    @Override
    public Talk.Client connect(String url, boolean deflate, Talk.Ear ear) {
        WebSocket socket =
                HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(URI.create(url), new Listener(ear))
                        .join();
        return new Client(socket);
    }

    private record Client(WebSocket socket) implements Talk.Client {
        @Override
        public boolean compresses() {
            return false;
        }

        @Override
        public void text(String text, boolean last) {
            socket.sendText(text, last).join();
        }

        @Override
        public void binary(byte[] bytes) {
            socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
        }

        @Override
        public void ping(ByteBuffer payload) {
            socket.sendPing(payload).join();
        }

        @Override
        public void close(int code, String reason) {
            socket.sendClose(code, reason).join();
        }
    }

    private static final class Listener implements WebSocket.Listener {
        private final Talk.Ear ear;
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Listener(Talk.Ear ear) {
            this.ear = ear;
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                ear.hear(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            byte[] part = new byte[data.remaining()];
            data.get(part);
            bytes.writeBytes(part);
            if (last) {
                ear.hear(bytes.toByteArray());
                bytes.reset();
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket socket, ByteBuffer payload) {
            ear.hear(new Talk.Pong(StandardCharsets.UTF_8.decode(payload).toString()));
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            ear.hear(new Talk.Closed(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            ear.hear(error);
        }
    }
}
