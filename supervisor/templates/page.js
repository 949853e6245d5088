(function(){
var d=document,v=d.body.dataset.v,t,p,e;
function $(i){return d.getElementById(i)}
function lost(){$("lost").hidden=0;d.body.className="gone"}
function heard(a){clearTimeout(t);t=setTimeout(lost,8e3);$("lost").hidden=1;d.body.className="";$("age").textContent=a}
function load(){fetch(location.href).then(function(r){if(!r.ok)throw r;return r.text()}).then(function(h){
var n=new DOMParser().parseFromString(h,"text/html"),w=n.querySelector("h1").textContent;
if(w!=d.querySelector("h1").textContent)$("say").textContent=w;
d.title=n.title;v=n.body.dataset.v;
w=$("devices");w=w&&w.open;
$("main").innerHTML=n.getElementById("main").innerHTML;
if(w&&$("devices"))$("devices").open=w;
heard(n.getElementById("age").textContent)}).catch(lost)}
if(!window.EventSource||!window.fetch)return setInterval(function(){location.reload()},5e3);
e=new EventSource("/live?lang="+d.documentElement.lang);
e.onmessage=function(m){m=JSON.parse(m.data);heard(m.age);if(m.v!=v)load()};
e.onerror=function(){if(e.readyState==2)p=p||setInterval(load,5e3)};
heard($("age").textContent)
})()
