import java.lang.reflect.InvocationTargetException;

/**
 * Starts DynamoDB Local on 127.0.0.1 only, at the port of the property loopback.port (0 is any free one), and prints the
 * address once it answers. With loopback.untilEOF=1 it ends when standard input does. Everything is reflection: nothing
 * of the licensed software is compiled in.
 */
public final class Loopback {
  public static void main(String[] args) throws Exception {
    Object proxy = Class.forName("com.amazonaws.services.dynamodbv2.local.main.ServerRunner")
        .getMethod("createServerFromCommandLineArgs", String[].class)
        .invoke(null, (Object) args);
    Object connector = connector(proxy);
    connector.getClass().getMethod("setHost", String.class).invoke(connector, "127.0.0.1");
    connector.getClass().getMethod("setPort", int.class).invoke(connector, Integer.getInteger("loopback.port"));
    start(proxy);
    System.out.println("http://127.0.0.1:" + connector.getClass().getMethod("getLocalPort").invoke(connector));
    if (Integer.getInteger("loopback.untilEOF", 0) == 0) {
      proxy.getClass().getMethod("join").invoke(proxy);
      return;
    }
    while (System.in.read() >= 0) {
      // only the end of the input matters
    }
    System.exit(0);
  }

  /** The one place where the server listens. */
  private static Object connector(Object proxy) throws Exception {
    var field = proxy.getClass().getDeclaredField("server");
    field.setAccessible(true);
    Object jetty = field.get(proxy);
    Object[] connectors = (Object[]) jetty.getClass().getMethod("getConnectors").invoke(jetty);
    if (connectors.length != 1) {
      throw new IllegalStateException("expected one connector to bind, found " + connectors.length);
    }
    return connectors[0];
  }

  private static void start(Object proxy) throws Exception {
    try {
      proxy.getClass().getMethod("start").invoke(proxy);
    } catch (InvocationTargetException e) {
      System.err.println("dynamodb: " + e.getCause().getMessage());
      System.exit(1);
    }
  }
}
