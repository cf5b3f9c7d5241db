import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** The interop talk by Jetty. Its server takes part in compression whenever the client offers it. */
public final class JettyPeer implements Talk.Library {
    private static final long MESSAGE_SIZE = 4 << 20;

    public static void main(String[] arguments) throws Exception {
        Talk.main(new JettyPeer(), arguments);
    }

    @Override
    public String version() {
        return Server.getVersion();
    }

    @Override
    public int serve(boolean deflate) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(
                WebSocketUpgradeHandler.from(
                        server,
                        container -> {
                            container.setMaxTextMessageSize(MESSAGE_SIZE);
                            container.setMaxBinaryMessageSize(MESSAGE_SIZE);
                            container.addMapping("/*", (request, response, callback) -> new Echo());
                        }));
        server.start();
        return connector.getLocalPort();
    }

    @Override
    public Talk.Client connect(String url, boolean deflate, Talk.Ear ear) throws Exception {
        WebSocketClient client = new WebSocketClient();
        client.setMaxTextMessageSize(MESSAGE_SIZE);
        client.setMaxBinaryMessageSize(MESSAGE_SIZE);
        client.start();
        ClientUpgradeRequest request = new ClientUpgradeRequest(URI.create(url));
        if (deflate) {
            request.addExtensions("permessage-deflate");
        }
        return new Client(client.connect(new Listener(ear), request).get());
    }

    private record Client(Session session) implements Talk.Client {
        @Override
        public boolean compresses() {
            return session.getUpgradeResponse().getExtensions().stream()
                    .anyMatch(extension -> extension.getName().equals("permessage-deflate"));
        }

        @Override
        public void text(String text, boolean last) throws Exception {
            Callback.Completable sent = new Callback.Completable();
            session.sendPartialText(text, last, sent);
            sent.get();
        }

        @Override
        public void binary(byte[] bytes) throws Exception {
            Callback.Completable sent = new Callback.Completable();
            session.sendBinary(ByteBuffer.wrap(bytes), sent);
            sent.get();
        }

        @Override
        public void ping(ByteBuffer payload) throws Exception {
            Callback.Completable sent = new Callback.Completable();
            session.sendPing(payload, sent);
            sent.get();
        }

        @Override
        public void close(int code, String reason) {
            session.close(code, reason, Callback.NOOP);
        }
    }

    /** Public, as Jetty calls it by reflection. */
    public static final class Listener extends Session.Listener.AbstractAutoDemanding {
        private final Talk.Ear ear;

        Listener(Talk.Ear ear) {
            this.ear = ear;
        }

        @Override
        public void onWebSocketText(String text) {
            ear.hear(text);
        }

        @Override
        public void onWebSocketBinary(ByteBuffer data, Callback callback) {
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            ear.hear(bytes);
            callback.succeed();
        }

        @Override
        public void onWebSocketPong(ByteBuffer payload) {
            ear.hear(new Talk.Pong(StandardCharsets.UTF_8.decode(payload).toString()));
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            ear.hear(new Talk.Closed(code, reason));
            callback.succeed();
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            ear.hear(cause);
        }
    }

    /** Public, as Jetty calls it by reflection. */
    public static final class Echo extends Session.Listener.AbstractAutoDemanding {
        @Override
        public void onWebSocketText(String text) {
            if (text.equals(Talk.ASK_TO_CLOSE)) {
                Talk.Closed closed = Talk.SERVER_CLOSES;
                getSession().close(closed.code(), closed.reason(), Callback.NOOP);
            } else {
                getSession().sendText(text, Callback.NOOP);
            }
        }

        @Override
        public void onWebSocketBinary(ByteBuffer data, Callback callback) {
            // Its buffer is theirs again when the callback is called.
            getSession().sendBinary(data, callback);
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            Talk.say("closed " + code + " " + reason);
            callback.succeed();
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            cause.printStackTrace();
        }
    }
}
