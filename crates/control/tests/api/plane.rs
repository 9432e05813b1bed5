//! An API on a loopback port, and a client that knows no more of HTTP than it has to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, Request};
use millrace_control::auth::{Policy, Seal};
use millrace_control::{Service, Settings, Store, api};
use millrace_sign::sigv4::{Key, Payload, sign};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The administrator's key.
pub(crate) const ADMIN: (&str, &str) = ("AKIAADMIN", "the secret of the administrator");

/// An API, with a store or not yet.
pub(crate) struct Plane {
    pub(crate) address: SocketAddr,
    pub(crate) service: Arc<Service>,
    source: watch::Sender<Option<Arc<Service>>>,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Plane {
    pub(crate) async fn new() -> Self {
        let plane = Self::start(None).await;
        plane.source.send_replace(Some(Arc::clone(&plane.service)));
        plane
    }

    /// With TLS, or without; the store is not there yet.
    pub(crate) async fn start(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("control.db").display().to_string()).await.unwrap();
        let seal = Arc::new(Seal::open(&folder.path().join("seal.key")).unwrap());
        let service = Service::new(store, seal, Settings::default()).unwrap();
        let key = (ADMIN.0.to_owned(), ADMIN.1.to_owned());
        service.first_admin(Some(key)).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let source = watch::Sender::new(None);
        tokio::spawn(api::serve(listener, tls, source.subscribe()));
        Self { address, service, source, _folder: folder }
    }

    /// The store is there from now on.
    pub(crate) fn opened(&self) {
        self.source.send_replace(Some(Arc::clone(&self.service)));
    }

    /// A user with a key.
    pub(crate) async fn user(&self, name: &str, policy: Policy) -> (String, String) {
        self.service.put_user(name, policy).await.unwrap();
        self.service.add_access_key(name, None).await.unwrap()
    }

    /// A request with no signature.
    pub(crate) fn request(&self, method: Method, path: &str, body: &str) -> Request<String> {
        let uri = format!("http://{}{path}", self.address);
        let host = self.address.to_string();
        Request::builder().method(method).uri(uri).header("host", host).body(body.to_owned()).unwrap()
    }

    /// A request of the administrator's.
    pub(crate) fn signed(&self, method: Method, path: &str, body: &str) -> Request<String> {
        signed(self.request(method, path, body), ADMIN)
    }

    /// Sends it over a connection of its own.
    pub(crate) async fn send(&self, request: Request<String>) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        exchange(&mut stream, request).await
    }

    /// Asks as the administrator.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.signed(Method::GET, path, "")).await
    }
}

/// Signs a request.
pub(crate) fn signed(mut request: Request<String>, (id, secret): (&str, &str)) -> Request<String> {
    let body = request.body().clone();
    let key = Key { id, secret, token: None };
    let payload = Payload::Bytes(body.as_bytes());
    sign(&mut request, payload, &key, "us-east-1", "cloudfront", SystemTime::now()).unwrap();
    request
}

/// The bytes of a request's head.
pub(crate) fn head(request: &Request<String>) -> String {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri().path_and_query().unwrap());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    if !request.headers().contains_key("content-length") {
        head += &format!("content-length: {}\r\n", request.body().len());
    }
    head + "connection: close\r\n\r\n"
}

/// Sends a request and reads until the server closes.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: Request<String>,
) -> Answer {
    stream.write_all(head(&request).as_bytes()).await.unwrap();
    stream.write_all(request.body().as_bytes()).await.unwrap();
    answer(stream).await
}

/// Reads an answer, up to the end of the connection.
pub(crate) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> Answer {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await;
    // A server that closes early may take the end of the connection with it, but never the answer.
    let _ = read.expect("the server answers and closes");
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let name: http::HeaderName = name.parse().unwrap();
        headers.append(name, value.trim().parse().unwrap());
    }
    Answer { status, headers, body: body.to_owned() }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of an element.
    pub(crate) fn element(&self, name: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("<{name}>")).unwrap_or_default();
        rest.split("</").next().unwrap_or_default()
    }

    /// A refusal in Amazon's shape, with this status and code; its id is in the head and in the body.
    pub(crate) fn refuses(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.element("Code")), (status, code), "{self:?}");
        assert!(
            self.body.contains("<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/"),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), "text/xml");
        let id = self.header("x-amzn-requestid");
        assert_eq!(id.len(), 36, "{self:?}");
        assert_eq!(self.element("RequestId"), id, "{self:?}");
        let expected = if status < 500 { "Sender" } else { "Receiver" };
        assert_eq!(self.element("Type"), expected, "{self:?}");
    }
}

/// A configuration in XML.
pub(crate) fn config(reference: &str) -> String {
    format!(
        "<StreamingDistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <CallerReference>{reference}</CallerReference><S3Origin><DomainName>films.s3.amazonaws.com</DomainName>\
         <OriginAccessIdentity></OriginAccessIdentity></S3Origin><Comment></Comment><TrustedSigners>\
         <Enabled>false</Enabled><Quantity>0</Quantity></TrustedSigners><Enabled>true</Enabled>\
         </StreamingDistributionConfig>"
    )
}
