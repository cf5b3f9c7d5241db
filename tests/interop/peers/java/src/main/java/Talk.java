import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What is said in the interop talk, and the command line. Knows nothing of any library. */
final class Talk {
    static final String ASK_TO_CLOSE = "please close";
    static final Closed SERVER_CLOSES = new Closed(4321, "as you wish ✓");
    private static final Closed CLIENT_CLOSES = new Closed(4000, "all done ✓");
    private static final List<String> PARTS = List.of("añ", "", "€😀", "fin");
    private static final Pong PING = new Pong("are you there?");
    private static final int[] SIZES = {0, 1, 125, 126, 65_535, 65_536, 1 << 20};
    /** The standard output in UTF-8, whatever the locale is. */
    private static final PrintStream OUT =
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

    private Talk() {}

    /** What a client does. */
    interface Client {
        boolean compresses();

        void text(String text, boolean last) throws Exception;

        void binary(byte[] bytes) throws Exception;

        void ping(ByteBuffer payload) throws Exception;

        void close(int code, String reason) throws Exception;
    }

    /** What a client hears, beside texts and arrays of bytes. */
    record Pong(String payload) {}

    record Closed(int code, String reason) {}

    static final class Ear {
        private final BlockingQueue<Object> heard = new LinkedBlockingQueue<>();

        void hear(Object what) {
            heard.add(what);
        }

        private Object next() throws InterruptedException {
            return heard.poll(20, TimeUnit.SECONDS);
        }
    }

    interface Library {
        String version();

        /** Returns the port. */
        int serve(boolean deflate) throws Exception;

        Client connect(String url, boolean deflate, Ear ear) throws Exception;
    }

    static void main(Library library, String[] arguments) throws Exception {
        String command = arguments.length == 0 ? "" : arguments[0];
        boolean deflate = arguments.length > 1 && arguments[1].equals("deflate");
        if (command.equals("version")) {
            say(library.version() + ", Java " + System.getProperty("java.version"));
        } else if (command.equals("server") && arguments.length == 2) {
            say("listening on ws://127.0.0.1:" + library.serve(deflate));
        } else if (command.equals("client") && arguments.length == 3) {
            // The threads of a library may live on, also behind an exception.
            System.exit(succeeds(library, arguments[2], deflate) ? 0 : 1);
        } else {
            throw new IllegalArgumentException(
                    "usage: version | server plain|deflate | client plain|deflate URL");
        }
    }

    private static boolean succeeds(Library library, String url, boolean deflate) {
        try {
            Ear ear = new Ear();
            fullTalk(library.connect(url, deflate, ear), deflate, ear);
            ear = new Ear();
            library.connect(url, deflate, ear).text(ASK_TO_CLOSE, true);
            expect("close of the server", SERVER_CLOSES, ear.next());
            say("ok");
            return true;
        } catch (Exception error) {
            error.printStackTrace();
            return false;
        }
    }

    static void say(String line) {
        OUT.println(line);
    }

    private static void fullTalk(Client client, boolean deflate, Ear ear) throws Exception {
        expect("compressed", deflate, client.compresses());
        for (int size : SIZES) {
            String text = "añ€😀".repeat(size / 10) + "x".repeat(size % 10);
            client.text(text, true);
            expect("echo", text, ear.next());
            byte[] noise = noise(size);
            client.binary(noise);
            expect("echo", noise, ear.next());
        }
        for (int at = 0; at < PARTS.size(); at += 1) {
            client.text(PARTS.get(at), at == PARTS.size() - 1);
        }
        expect("echo of parts", String.join("", PARTS), ear.next());
        client.ping(StandardCharsets.UTF_8.encode(PING.payload));
        expect("pong", PING, ear.next());
        client.close(CLIENT_CLOSES.code, CLIENT_CLOSES.reason);
        Object closed = ear.next();
        // Which reason comes back is for the other end to choose.
        boolean same = closed instanceof Closed answer && answer.code == CLIENT_CLOSES.code;
        expect("same close code in " + closed, true, same);
    }

    /** Bytes that do not compress. */
    private static byte[] noise(int size) {
        byte[] bytes = new byte[size];
        int state = 1;
        for (int at = 0; at < size; at += 1) {
            state = state * 1_664_525 + 1_013_904_223;
            bytes[at] = (byte) (state >>> 24);
        }
        return bytes;
    }

    private static void expect(String what, Object expected, Object found) {
        if (!Arrays.deepEquals(new Object[] {expected}, new Object[] {found})) {
            throw new IllegalStateException(
                    "%s: expected %.200s, found %.200s".formatted(what, expected, found));
        }
    }
}
